//! The working set: how much memory a program touches in a short time, whatever it holds. An allocator that goes round all of its free
//! memory touches more than the program needs, and misses the processor's caches for it.
//!
//! The kernel clears the marks of accessed pages when `clear_refs` is written, and adds them up in `smaps_rollup`. The processor marks a
//! page when it fetches its translation, so a page whose translation stays in its buffer all the time is not counted, and a huge page is
//! counted whole.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::peer::Peer;
use super::process_account;
use crate::measure;

/// The window of the table: about one file of the compiler-like load.
pub const WINDOW: Duration = Duration::from_millis(5);

/// The working set of one run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Touched {
    /// Bytes of pages touched in a window, the median.
    pub bytes: f64,
    /// How many windows there were.
    pub windows: usize,
}

/// Runs the program to its end and looks again and again at what it touched since the last look.
///
/// # Errors
/// When it cannot be started or fails, or no window is over before it ends.
pub fn measure(
    program: &Path,
    arguments: &[String],
    peer: &Peer,
    length: Duration,
) -> Result<Touched, String> {
    let mut command = Command::new(program);
    command.args(arguments).envs(peer.environment()).stdin(Stdio::null()).stdout(Stdio::null());
    let mut child = command.spawn().map_err(|error| format!("{}: {error}", program.display()))?;
    let windows: Vec<f64> = std::iter::from_fn(|| window(&child, length)).collect();
    let status = child.wait().map_err(|error| format!("{}: {error}", program.display()))?;
    if !status.success() {
        return Err(format!("{} {}: {status}", program.display(), arguments.join(" ")));
    }
    match windows.len() {
        0 => Err(format!(
            "{} {}: no window of {length:?} was seen to its end",
            program.display(),
            arguments.join(" ")
        )),
        count => Ok(Touched { bytes: measure::middle(windows), windows: count }),
    }
}

/// Bytes of the pages that the child touches in one window; `None` once it has ended.
fn window(child: &Child, length: Duration) -> Option<f64> {
    fs::write(format!("/proc/{}/clear_refs", child.id()), "1").ok()?;
    std::thread::sleep(length);
    let bytes = process_account::bytes(child.id() as libc::pid_t, "smaps_rollup", "Referenced");
    bytes.ok().map(|bytes| bytes as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So long that the program runs in every window, however busy the machine is.
    const LONG: Duration = Duration::from_millis(200);

    /// A program that holds 64 MiB and touches the first so many again and again.
    fn touches(mebibytes: usize) -> Touched {
        let script = format!(
            "import time; held = bytearray(b'x') * (64 << 20); end = time.time() + 2.0\n\
            while time.time() < end: held[0:{mebibytes} << 20:4096] = bytes({mebibytes} << 8)"
        );
        measure(Path::new("python3"), &["-c".to_owned(), script], &Peer::of_the_system("glibc"), LONG)
            .unwrap()
    }

    #[test]
    fn what_a_program_touches_is_counted_and_not_what_it_holds() {
        let (little, much) = (touches(1), touches(48));
        assert!(little.windows > 2 && little.bytes < 8e6, "{little:?}");
        assert!(much.windows > 2 && much.bytes > 2.0 * little.bytes, "{much:?}, {little:?}");
    }

    #[test]
    fn a_program_that_fails_or_is_over_at_once_is_said_so() {
        let fails = ["-c".to_owned(), "exit 3".to_owned()];
        assert!(
            measure(Path::new("sh"), &fails, &Peer::of_the_system("glibc"), WINDOW)
                .unwrap_err()
                .contains("exit status: 3")
        );
        assert!(measure(Path::new("nosuch-program"), &[], &Peer::of_the_system("glibc"), WINDOW).is_err());
    }
}
