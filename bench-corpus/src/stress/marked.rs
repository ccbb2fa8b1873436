//! Blocks full of a mark, over anything that lends blocks to one owner; and what cases do with them.

use std::alloc::Layout;
use std::ptr::NonNull;

use bench_measured::rng::Rng;

use super::bench::{Bench, ensure};

/// What every block is aligned to.
const ALIGN: usize = 16;

/// Lends blocks of memory to whoever has it. Blocks are aligned to 16.
///
/// # Safety
/// - A block that was taken is valid for reads and writes of the layout's size, and nobody else's, until it is given back.
pub unsafe trait Blocks {
    /// A block; `None` if there is no memory.
    fn take(&mut self, layout: Layout) -> Option<NonNull<u8>>;

    /// Takes a block back.
    ///
    /// # Safety
    /// - It was taken with this layout, and nobody uses it again.
    unsafe fn give_back(&mut self, place: NonNull<u8>, layout: Layout);

    /// The block with room for `bytes` bytes and its contents; `None` if there is no memory, and then it is as it was.
    ///
    /// # Safety
    /// - It was taken with this layout; if the answer is another place, nobody uses the old one again.
    unsafe fn resize(&mut self, place: NonNull<u8>, layout: Layout, bytes: usize) -> Option<NonNull<u8>>;

    /// Walks every structure.
    ///
    /// # Errors
    /// What does not hold.
    fn check(&mut self) -> Result<(), String>;
}

/// A block that is full of its mark.
#[derive(Debug)]
pub struct Marked {
    place: NonNull<u8>,
    bytes: usize,
    mark: u8,
}

/// The layout of a block of so many bytes.
pub fn layout(bytes: usize) -> Layout {
    Layout::from_size_align(bytes, ALIGN).unwrap_or(Layout::new::<u128>())
}

impl Marked {
    /// A block of `bytes` bytes, full of `mark`.
    pub fn take(from: &mut impl Blocks, bytes: usize, mark: u8) -> Option<Self> {
        let place = from.take(layout(bytes))?;
        // SAFETY: must be that many writable bytes. They were just taken.
        unsafe { place.write_bytes(mark, bytes) };
        Some(Self { place, bytes, mark })
    }

    /// Bytes of the block.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Looks at every byte.
    ///
    /// # Errors
    /// When somebody else changed the block.
    pub fn whole(&self) -> Result<(), String> {
        // SAFETY: must be that many initialised bytes that nobody writes. `take` and `resize` wrote them all, and the block is ours.
        let bytes = unsafe { std::slice::from_raw_parts(self.place.as_ptr(), self.bytes) };
        ensure(bytes.iter().all(|&byte| byte == self.mark), || {
            format!("a block of {} bytes was changed by somebody else", self.bytes)
        })
    }

    /// Looks at every byte and gives the block back.
    ///
    /// # Errors
    /// When somebody else changed the block.
    pub fn give_back(self, to: &mut impl Blocks) -> Result<(), String> {
        self.whole()?;
        // SAFETY: must be a block of this layout that nobody uses again. It was taken so, and is consumed.
        unsafe { to.give_back(self.place, layout(self.bytes)) };
        Ok(())
    }

    /// Changes the size; `false` if there was no memory for it.
    ///
    /// # Errors
    /// When the contents did not survive.
    pub fn resize(&mut self, of: &mut impl Blocks, bytes: usize) -> Result<bool, String> {
        // SAFETY: must be a block of this layout, whose old place is not used again. The new place is noted below.
        let Some(place) = (unsafe { of.resize(self.place, layout(self.bytes), bytes) }) else {
            self.whole()?;
            return Ok(false);
        };
        let kept = self.bytes.min(bytes);
        (self.place, self.bytes) = (place, kept);
        self.whole()?;
        let more = place.as_ptr().wrapping_add(kept);
        // SAFETY: must be that many writable bytes. The block has room for `bytes` now.
        unsafe { more.write_bytes(self.mark, bytes - kept) };
        self.bytes = bytes;
        Ok(true)
    }
}

/// Takes, gives back and resizes at random, `operations` times with at most `kept_max` blocks of up to `bytes_max` bytes at once; then gives
/// all of them back. What is refused is left out; answers how often that was.
///
/// # Errors
/// When a block was changed or a structure does not hold.
pub fn churn(
    blocks: &mut impl Blocks,
    bench: &mut Bench,
    rng: &mut Rng,
    operations: usize,
    kept_max: usize,
    bytes_max: usize,
) -> Result<u64, String> {
    let mut kept: Vec<Marked> = Vec::new();
    let mut refused = 0;
    for step in 0..operations {
        // Mostly small.
        let bytes_max = bytes_max >> (2 * rng.below(4));
        let bytes = rng.between(1, bytes_max.max(1));
        match rng.below(if kept.len() == kept_max { 2 } else { 5 }) {
            0 | 1 if !kept.is_empty() => kept.swap_remove(rng.below(kept.len())).give_back(blocks)?,
            2 if !kept.is_empty() => {
                let place = rng.below(kept.len());
                refused += u64::from(!kept[place].resize(blocks, bytes)?);
            }
            _ => match Marked::take(blocks, bytes, step as u8) {
                Some(block) => kept.push(block),
                None => refused += 1,
            },
        }
        bench.operations += 1;
        if step % (operations / 8).max(1) == 0 {
            blocks.check()?;
            bench.checks += 1;
        }
    }
    kept.into_iter().try_for_each(|block| block.give_back(blocks))?;
    Ok(refused)
}

/// Takes blocks of up to `bytes_max` bytes, full of `mark`, until one is refused; answers them, and how many bytes were refused.
pub fn take_until_refused(
    blocks: &mut impl Blocks,
    bench: &mut Bench,
    rng: &mut Rng,
    bytes_max: usize,
    mark: u8,
) -> (Vec<Marked>, usize) {
    let mut kept = Vec::new();
    loop {
        let bytes = rng.between(1, bytes_max);
        bench.operations += 1;
        match Marked::take(blocks, bytes, mark) {
            Some(block) => kept.push(block),
            None => return (kept, bytes),
        }
    }
}

/// Takes blocks of up to `bytes_max` bytes until they have `filled_bytes` together, gives a random nine of ten back, and then the others.
/// `thinned` looks in between.
///
/// # Errors
/// When there is no memory, a block was changed, or `thinned` says so.
pub fn fill_and_thin<B: Blocks>(
    blocks: &mut B,
    bench: &mut Bench,
    rng: &mut Rng,
    filled_bytes: usize,
    bytes_max: usize,
    thinned: impl Fn(&mut B) -> Result<(), String>,
) -> Result<(), String> {
    let mut kept = Vec::new();
    let mut filled = 0;
    while filled < filled_bytes {
        let bytes = rng.between(1, bytes_max);
        kept.push(Marked::take(blocks, bytes, kept.len() as u8).ok_or("no memory")?);
        filled += bytes;
    }
    bench.operations += 2 * kept.len() as u64;
    rng.shuffle(&mut kept);
    let survivors = kept.split_off(kept.len() / 10 * 9);
    kept.into_iter().try_for_each(|block| block.give_back(blocks))?;
    blocks.check()?;
    bench.checks += 1;
    thinned(blocks)?;
    survivors.into_iter().try_for_each(|block| block.give_back(blocks))?;
    blocks.check()?;
    bench.checks += 1;
    Ok(())
}
