//! A long text that is mapped instead of read, so that it takes no memory of the process's own.

use crate::source::SENTINEL_LEN;
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap, mprotect, munmap};
use std::ffi::c_void;
use std::fs::File;
use std::ptr::NonNull;

/// Shorter texts are read: a mapping costs several calls of the system, and memory for them is warm already.
pub const MAPPED_BYTES_MIN: u64 = 1 << 20;
/// The shortest page of any system, in bytes.
const PAGE_BYTES: usize = 4096;

/// The promise that files stay as they are while they are mapped.
#[derive(Debug)]
pub struct Unchanging(());

impl Unchanging {
    /// Makes the promise.
    ///
    /// # Safety
    /// As long as a session takes its files from a [`Provider`](super::Provider) with this promise, nobody writes to a file that it
    /// opens or makes it shorter. The system cannot enforce it: a text that changes breaks the promise of every reference to it, and
    /// one that gets shorter ends the process by `SIGBUS`.
    pub unsafe fn promise() -> Self {
        Self(())
    }

    /// Maps `file`, which has `len` bytes; nothing if it is short, if its last page has no room for the sentinel, or if the system refuses.
    pub(super) fn map(&self, file: &File, len: u64) -> Option<MappedText> {
        let len = usize::try_from(len).ok().filter(|&len| len as u64 >= MAPPED_BYTES_MIN)?;
        let in_last_page = len % PAGE_BYTES;
        if in_last_page == 0 || in_last_page + SENTINEL_LEN > PAGE_BYTES {
            return None;
        }
        let bytes = len + SENTINEL_LEN;
        let flags = MapFlags::PRIVATE | MapFlags::POPULATE;
        // SAFETY: a new mapping must not replace another. The address is null, so the system chooses where nothing is, and nothing
        // refers to what it chose.
        let base = unsafe { mmap(std::ptr::null_mut(), bytes, ProtFlags::READ, flags, file, 0) }.ok()?;
        let base = NonNull::new(base.cast::<u8>())?;
        let mapped = MappedText { base, bytes };
        mapped.write_sentinel(len, len - in_last_page).ok()?;
        Some(mapped)
    }
}

/// A mapped text with its sentinel, which is the process's own.
///
/// ```text
/// base .. base + bytes  mapped, readable, private, as long as the value lives
/// ```
pub struct MappedText {
    base: NonNull<u8>,
    bytes: usize,
}

impl MappedText {
    /// The text with its sentinel.
    pub fn text(&self) -> &[u8] {
        // SAFETY: the bytes must be there and must not change as long as the slice lives. `map` mapped them, the last page holds the
        // sentinel, and only dropping the value, which the slice borrows, unmaps them; whoever made the promise keeps the file as it is.
        unsafe { std::slice::from_raw_parts(self.base.as_ptr(), self.bytes) }
    }

    /// Writes the sentinel behind the `len` bytes of the text, in the page at `page`. Only that page is copied.
    fn write_sentinel(&self, len: usize, page: usize) -> rustix::io::Result<()> {
        // SAFETY: the offset must lie in the mapping. The page at `page` holds the last byte of the text.
        let start = unsafe { self.base.as_ptr().add(page) };
        // SAFETY: the pages must be nobody else's to protect. They are the end of this value's own mapping.
        unsafe {
            mprotect(start.cast::<c_void>(), self.bytes - page, MprotectFlags::READ | MprotectFlags::WRITE)
        }?;
        // SAFETY: the offset must lie in the mapping. The sentinel is its end.
        let sentinel = unsafe { self.base.as_ptr().add(len).cast::<[u8; SENTINEL_LEN]>() };
        // SAFETY: the bytes must be writable and nobody may refer to them. `mprotect` made the page writable, `map` has not handed the
        // value out yet, and the mapping is private. Bytes have no alignment.
        unsafe { sentinel.write(*b"\n\0\0\0\0\0\0\0") };
        Ok(())
    }
}

impl Drop for MappedText {
    fn drop(&mut self) {
        // SAFETY: nothing may use the memory any more. `map` made the mapping for this value alone, and slices of it borrow the value.
        let _ = unsafe { munmap(self.base.as_ptr().cast::<c_void>(), self.bytes) };
    }
}

#[cfg(test)]
mod tests {
    use super::{MAPPED_BYTES_MIN, PAGE_BYTES, Unchanging};
    use std::fs::File;

    /// A file of `len` bytes, and what mapping it gave.
    fn mapped(len: usize) -> Option<Vec<u8>> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.c");
        std::fs::write(&path, vec![b'a'; len]).expect("the file is written");
        // SAFETY: the file must not change while it is mapped. It is this test's own.
        let promise = unsafe { Unchanging::promise() };
        let mapped = promise.map(&File::open(&path).expect("the file"), len as u64)?;
        // What is written behind the text stays in the process.
        assert_eq!(std::fs::read(&path).expect("the file is read"), vec![b'a'; len]);
        Some(mapped.text().to_vec())
    }

    #[test]
    fn a_long_text_ends_in_the_sentinel() {
        let len = MAPPED_BYTES_MIN as usize + 1;
        let text = mapped(len).expect("there is room for the sentinel");
        assert!(text[..len].iter().all(|&byte| byte == b'a'));
        assert_eq!(&text[len..], b"\n\0\0\0\0\0\0\0");
    }

    #[test]
    fn a_text_without_room_for_the_sentinel_is_not_mapped() {
        let len = MAPPED_BYTES_MIN as usize;
        for rest in [0, PAGE_BYTES - 7] {
            assert!(mapped(len + rest).is_none(), "{rest}");
        }
        assert!(mapped(len + PAGE_BYTES - 8).is_some());
        assert!(mapped(len - 100).is_none());
    }
}
