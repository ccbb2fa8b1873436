//! 128 bits that stand for a result whose memory is gone.

/// A hash of what a result was made from: equal results have equal fingerprints; unlike ones have different ones but for a chance of
/// 2⁻⁶⁴ among four thousand million of them. Not meant against people who look for collisions.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Fingerprint {
    low: u64,
    high: u64,
}

/// Odd numbers without a pattern: the fractional parts of √2 and √3.
const LOW: u64 = 0x6A09_E667_F3BC_C909;
const HIGH: u64 = 0xBB67_AE85_84CA_A73B;

impl Fingerprint {
    /// The fingerprint of nothing.
    pub const EMPTY: Fingerprint = Fingerprint { low: LOW, high: HIGH };

    /// Adds `word`. Two multiplications, each folded, in chains of their own.
    #[inline]
    pub fn add(&mut self, word: u64) {
        self.low = folded(self.low.rotate_left(29) ^ word, LOW);
        self.high = folded(self.high.rotate_left(31) ^ word ^ HIGH, HIGH).wrapping_add(word);
    }

    /// Adds `bytes` and how many they are.
    pub fn add_bytes(&mut self, bytes: &[u8]) {
        self.add(bytes.len() as u64);
        for part in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..part.len()].copy_from_slice(part);
            self.add(u64::from_le_bytes(word));
        }
    }
}

#[inline]
fn folded(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::Fingerprint;
    use std::collections::HashSet;

    fn of(bytes: &[u8]) -> Fingerprint {
        let mut fingerprint = Fingerprint::EMPTY;
        fingerprint.add_bytes(bytes);
        fingerprint
    }

    #[test]
    fn every_change_of_a_bit_and_of_the_order_shows_in_both_halves() {
        let text = b"static int answer(void) { return 42; }";
        let (mut low, mut high) = (HashSet::new(), HashSet::new());
        let mut note = |fingerprint: Fingerprint| {
            assert!(low.insert(fingerprint.low) && high.insert(fingerprint.high), "{fingerprint:?}");
        };
        note(of(text));
        for bit in 0..text.len() * 8 {
            let mut changed = *text;
            changed[bit / 8] ^= 1 << (bit % 8);
            note(of(&changed));
        }
        for len in 0..text.len() {
            note(of(&text[..len]));
        }
        let [mut one, mut other] = [Fingerprint::EMPTY; 2];
        [1, 2].into_iter().for_each(|word| one.add(word));
        [2, 1].into_iter().for_each(|word| other.add(word));
        note(one);
        note(other);
        // Zeros at the end and zero words are not lost.
        note(of(b"a\0"));
        note(of(b"a\0\0"));
        // One zero is the empty text, which was noted.
        let mut zeros = of(b"");
        for _ in 0..1000 {
            zeros.add(0);
            note(zeros);
        }
    }
}
