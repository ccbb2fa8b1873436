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
    let mut windows = Vec::new();
    let end = loop {
        match window(&child, length) {
            Ok(bytes) => windows.push(bytes),
            Err(reason) => break reason,
        }
    };
    let status = child.wait().map_err(|error| format!("{}: {error}", program.display()))?;
    let called = || format!("{} {}", program.display(), arguments.join(" "));
    match windows.len() {
        _ if !status.success() => Err(format!("{}: {status}", called())),
        0 => Err(format!("{}: no window of {length:?} was seen to its end: {end}", called())),
        count => Ok(Touched { bytes: measure::middle(windows), windows: count }),
    }
}

/// Bytes of the pages that the child touches in one window; an error once it has ended.
fn window(child: &Child, length: Duration) -> Result<f64, String> {
    let clear_refs = format!("/proc/{}/clear_refs", child.id());
    fs::write(&clear_refs, "1").map_err(|error| format!("{clear_refs}: {error}"))?;
    std::thread::sleep(length);
    let bytes = process_account::bytes(child.id() as libc::pid_t, "smaps_rollup", "Referenced")?;
    Ok(bytes as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So long that the program runs in every window, however busy the machine is.
    const LONG: Duration = Duration::from_millis(200);

    /// A program that holds 64 MiB and touches the first so many again and again.
    fn touches(mebibytes: usize) -> Touched {
        let script = format!(
            "import mmap, time; held = mmap.mmap(-1, 64 << 20); held.madvise(mmap.MADV_NOHUGEPAGE)\n\
            held[::4096] = bytes(64 << 8); end = time.time() + 2.0\n\
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
    fn a_program_that_fails_is_over_at_once_or_cannot_be_started_is_said_so() {
        let reason = |program: &str, arguments: &[String]| {
            measure(Path::new(program), arguments, &Peer::of_the_system("glibc"), LONG).unwrap_err()
        };
        assert!(reason("sh", &["-c".to_owned(), "exit 3".to_owned()]).contains("exit status: 3"));
        assert!(reason("true", &[]).contains("no window of 200ms"));
        assert!(reason("nosuch-program", &[]).contains("No such file"));
    }
}
