//! What every subcommand shares: exit codes, the sentence for an unbuilt command, workers and progress.

use std::io::IsTerminal;
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};

/// Exit code of a run that finished and found something wrong.
pub const FAILED: u8 = 1;

/// Exit code of a command that was asked for something it cannot do.
pub const USAGE: u8 = 2;

/// Prints why a command could not do its work and returns the failing exit code.
pub fn fail(command: &str, reason: &str) -> ExitCode {
    eprintln!("bench-corpus {command}: {reason}");
    ExitCode::from(FAILED)
}

/// Says that a command is announced but not built yet and returns the usage exit code.
pub fn not_built(command: &str, what: &str) -> ExitCode {
    eprintln!("bench-corpus {command}: {what} is not built yet");
    ExitCode::from(USAGE)
}

/// Processors this process may use; 1 when the system does not say.
pub fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

#[cfg_attr(not(test), expect(dead_code, reason = "the corpus run calls it, once built"))]
/// A pool of `jobs` workers.
///
/// # Errors
/// A sentence when `jobs` is 0 or the threads cannot be started.
pub fn workers(jobs: usize) -> Result<rayon::ThreadPool, String> {
    if jobs == 0 {
        return Err("--jobs must be at least 1".into());
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs).build();
    pool.map_err(|error| format!("{jobs} workers cannot be started: {error}"))
}

/// A bar over `steps` steps; hidden unless standard error is a terminal.
pub fn progress_bar(steps: usize) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("{wide_bar} {pos} of {len}, {elapsed}").expect("the template is valid");
    ProgressBar::new(steps as u64).with_style(style)
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_workers_at_all_is_refused() {
        assert!(super::workers(0).is_err_and(|reason| reason.contains("--jobs")));
        assert_eq!(super::workers(2).expect("two threads start").current_num_threads(), 2);
    }
}
