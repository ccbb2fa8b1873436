//! What a client put out, as one number.

use sha2::{Digest as _, Sha256};

/// Collects everything that a client puts out in one round.
#[derive(Default)]
pub struct Digest {
    hash: Sha256,
    outputs: u64,
}

impl Digest {
    /// Takes one output. Its length is part of what is compared.
    pub fn take(&mut self, output: &[u8]) {
        self.hash.update((output.len() as u64).to_le_bytes());
        self.hash.update(output);
        self.outputs += 1;
    }

    /// How many outputs there were, and the first eight bytes of their SHA-256 digest.
    pub fn finish(self) -> (u64, u64) {
        let bytes = self.hash.finalize();
        (self.outputs, u64::from_le_bytes(bytes[..8].try_into().expect("a digest has 32 bytes")))
    }
}
