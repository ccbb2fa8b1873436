//! The lane for text: a block taken from the window and filled upward without padding. Strings need no alignment,
//! and rounding each of them up to MIN_ALIGN would cost an instruction and some three bytes. Blocks are small
//! beside what is in use (a sixty-fourth), so that the unused rest of the last one is too. With a MIN_ALIGN of 1
//! there is no lane.

use super::{RawArena, raise};
use crate::arena::{bump, poison};
use crate::fault::Fault;
use core::alloc::Layout;
use core::ptr::NonNull;

/// The smallest and the largest block of the text lane, in bytes.
const TEXT_BLOCK_BYTES_MIN: usize = 64;

const TEXT_BLOCK_BYTES_MAX: usize = 4096;

impl<const MIN_ALIGN: usize> RawArena<MIN_ALIGN> {
    /// Takes room for `len` bytes of no particular alignment: text. One conditional branch.
    ///
    /// # Panics
    ///
    /// If memory or a limit is exhausted.
    #[inline(always)]
    pub fn alloc_bytes(&self, len: usize) -> NonNull<u8> {
        // SAFETY: the length must be at most `isize::MAX`; a longer one, which no memory serves, counts as that.
        unsafe { self.alloc_slice_bytes(len.min(isize::MAX as usize)) }
    }

    /// [`alloc_bytes`](Self::alloc_bytes) without looking at the length.
    ///
    /// # Safety
    ///
    /// `len` is at most `isize::MAX`, as every slice's size is: the test for room tells no longer ones apart.
    #[inline(always)]
    pub(in crate::arena) unsafe fn alloc_slice_bytes(&self, len: usize) -> NonNull<u8> {
        if MIN_ALIGN == 1 {
            return self.alloc_layout(byte_layout(len));
        }
        // SAFETY: the length must be at most `isize::MAX`; the caller says so.
        match unsafe { self.bump_text(len) } {
            Some(at) => at,
            None => self.alloc_text_or_raise(len),
        }
    }

    /// Takes room for `len` bytes of no particular alignment: text.
    ///
    /// # Errors
    ///
    /// `ALLOCATOR_PAGE_EXHAUSTION` if the page source refuses memory, `ALLOCATOR_EXHAUSTION` if a limit was reached. The
    /// arena has what it had, but for empty chunks, which may have gone back.
    #[inline(always)]
    pub fn try_alloc_bytes(&self, len: usize) -> Result<NonNull<u8>, Fault> {
        // SAFETY: the length must be at most `isize::MAX`; a longer one, which no memory serves, counts as that.
        unsafe { self.try_alloc_slice_bytes(len.min(isize::MAX as usize)) }
    }

    /// [`try_alloc_bytes`](Self::try_alloc_bytes) without looking at the length.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Safety
    ///
    /// `len` is at most `isize::MAX`, as every slice's size is: the test for room tells no longer ones apart.
    #[inline(always)]
    pub(in crate::arena) unsafe fn try_alloc_slice_bytes(&self, len: usize) -> Result<NonNull<u8>, Fault> {
        if MIN_ALIGN == 1 {
            return self.try_alloc_layout(byte_layout(len));
        }
        // SAFETY: the length must be at most `isize::MAX`; the caller says so.
        match unsafe { self.bump_text(len) } {
            Some(at) => Ok(at),
            None => self.alloc_text(len),
        }
    }

    /// The fast path for text: move `text_cur` up if the lane has room.
    ///
    /// # Safety
    ///
    /// `len` is at most `isize::MAX`; else the end could wrap around to below the lane.
    #[inline(always)]
    unsafe fn bump_text(&self, len: usize) -> Option<NonNull<u8>> {
        let at = self.text_cur.get();
        let end = at.as_ptr().wrapping_add(len);
        if !bump::fits(self.text_lim.get(), end.addr()) {
            return None;
        }
        // SAFETY: the pointer must not be null; it is between two addresses of the lane, or the dangling one of an
        // empty lane.
        let end = unsafe { NonNull::new_unchecked(end) };
        self.text_cur.set(end);
        // SAFETY: the range must lie in a held piece; it lies in the lane (or is empty).
        unsafe { poison::unpoison(at.as_ptr(), len) };
        Some(at)
    }

    #[cold]
    #[inline(never)]
    fn alloc_text_or_raise(&self, len: usize) -> NonNull<u8> {
        match self.alloc_text(len) {
            Ok(at) => at,
            Err(fault) => raise(&fault),
        }
    }

    /// The lane has no room: begins a new block, unless the text is long beside one or there is no room for a whole
    /// block.
    #[cold]
    #[inline(never)]
    fn alloc_text(&self, len: usize) -> Result<NonNull<u8>, Fault> {
        let block = bump::round_down(self.used_bytes() / 64, TEXT_BLOCK_BYTES_MIN)
            .clamp(TEXT_BLOCK_BYTES_MIN, TEXT_BLOCK_BYTES_MAX);
        if len <= block / 4
            && let Ok(lane) = self.try_alloc_layout(byte_layout(block))
        {
            // SAFETY: the range must lie in a held piece and hold no object; it has just been taken for the lane.
            unsafe { poison::poison(lane.as_ptr(), block) };
            self.text_cur.set(lane);
            self.text_lim.set(lane.addr().get() + block);
            // SAFETY: the length must be at most `isize::MAX`; it is at most a quarter of a block.
            if let Some(at) = unsafe { self.bump_text(len) } {
                return Ok(at);
            }
        }
        self.try_alloc_layout(byte_layout(len))
    }
}

/// The layout of `len` bytes of text. A length beyond `isize::MAX`, which no slice has, counts as that: no memory
/// serves either.
#[inline(always)]
fn byte_layout(len: usize) -> Layout {
    // SAFETY: the size must not exceed `isize::MAX` and the alignment must be a power of two; `min` and 1 are.
    unsafe { Layout::from_size_align_unchecked(len.min(isize::MAX as usize), 1) }
}
