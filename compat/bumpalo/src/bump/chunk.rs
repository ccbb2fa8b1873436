//! What a `Bump` notes of each of its chunks.
//!
//! ```text
//!   piece:  base ┄ floor ├── free ──┤ used_from ├── objects ──┤ header ├─ end
//! ```
//!
//! Objects are placed downward from the header, so a chunk's objects are one range, the newest lowest. `floor` lies above
//! `base` only where an allocation limit ends the chunk before its piece does.

use compiler_alloc::arena::chunk;
use core::cell::Cell;

/// A chunk of a `Bump`.
pub(super) type Chunk = chunk::Chunk<Notes>;

/// What a `Bump` notes of a chunk. Aligned so that the header's size is a multiple of 16, and objects begin directly below it.
#[repr(align(16))]
pub(super) struct Notes {
    /// Objects must not begin below this address.
    pub(super) floor: Cell<usize>,
    /// Where the newest object begins; up to date only when the chunk is not the current one.
    pub(super) used_from: Cell<usize>,
}

/// A chunk of this many bytes is not extended in place any more, so that what the arena has is several chunks, as users of
/// the original know it.
pub(super) const EXTENDED_BYTES_MAX: usize = 48 << 10;

/// Bytes that objects may take in `chunk`.
pub(super) fn room(chunk: Chunk) -> usize {
    chunk.top() - chunk.header().notes.floor.get()
}
