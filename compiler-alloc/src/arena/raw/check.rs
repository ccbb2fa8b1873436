//! The validator: recounts what the header of [`RawArena`] states.

use super::RawArena;

impl<const MIN_ALIGN: usize> RawArena<MIN_ALIGN> {
    /// Checks the invariants in the header by walking everything. For tests; costs a step per chunk.
    ///
    /// # Errors
    ///
    /// The broken invariant, in words.
    pub fn check(&self) -> Result<(), &'static str> {
        let cur = self.open.cur().addr().get();
        let (lim, bottom) = (self.open.lim(), self.bottom.get());
        require(bottom <= lim && lim <= cur, "bottom <= lim <= cur")?;
        require(cur.is_multiple_of(MIN_ALIGN), "cur is aligned to MIN_ALIGN")?;
        require(self.top.get() >= cur, "top >= cur")?;
        require(
            self.first.get().is_some() == self.open.chunk.get().is_some(),
            "there is a current chunk exactly if there is a first",
        )?;
        let mut reserved = 0;
        let mut seen_current = self.open.chunk.get().is_none();
        let mut prev = None;
        let mut at = self.first.get();
        while let Some(chunk) = at {
            require(chunk.header().prev.get() == prev, "prev and next of chunks agree")?;
            reserved += chunk.bytes();
            seen_current |= self.open.chunk.get() == at;
            prev = at;
            at = chunk.header().next.get();
        }
        require(reserved == self.chunked.get(), "chunked is the sum of all chunks")?;
        require(seen_current, "the current chunk is in the list")?;
        let mut at = self.large.get();
        while let Some(chunk) = at {
            reserved += chunk.bytes();
            at = chunk.header().prev.get();
        }
        require(reserved == self.reserved.get(), "reserved is the sum of all pieces")?;
        require(self.used_bytes() <= reserved, "used <= reserved")
    }
}

/// `Ok` if the condition holds, else the condition in words.
fn require(condition: bool, words: &'static str) -> Result<(), &'static str> {
    if condition { Ok(()) } else { Err(words) }
}
