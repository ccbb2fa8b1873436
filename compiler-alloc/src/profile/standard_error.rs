//! Text to standard error without allocating: for those who are the allocator.

use core::fmt::{self, Write};

/// Bytes of a line, its end included.
const LINE_BYTES_MAX: usize = 256;

/// A line that is being put together.
struct Line {
    text: [u8; LINE_BYTES_MAX],
    length: usize,
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let taken = text.len().min(LINE_BYTES_MAX - 1 - self.length);
        self.text[self.length..self.length + taken].copy_from_slice(&text.as_bytes()[..taken]);
        self.length += taken;
        Ok(())
    }
}

/// Writes one line, by one call of the system. Cut at 255 bytes; lost if it cannot be written. No lock.
///
/// ```
/// compiler_alloc::profile::standard_error::say(format_args!("{} bytes", 17));
/// ```
pub fn say(text: fmt::Arguments<'_>) {
    let mut line = Line { text: [0; LINE_BYTES_MAX], length: 0 };
    // Writing into a line does not fail; a value that refuses to be shown leaves what was written before it.
    let _ = line.write_fmt(text);
    line.text[line.length] = b'\n';
    // SAFETY: needs an open file for the length of the call; if the program closed it, the system refuses the number.
    let file = unsafe { rustix::fd::BorrowedFd::borrow_raw(2) };
    let _ = rustix::io::write(file, &line.text[..=line.length]);
}
