//! What every subcommand shares: exit codes, readers of flags, workers and progress.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};

use crate::measure::PAIRS_MIN;

/// Exit code of a run that finished and found something wrong.
pub const FAILED: u8 = 1;

/// Prints why a command could not do its work and returns the failing exit code.
pub fn fail(command: &str, reason: &str) -> ExitCode {
    eprintln!("bench-corpus {command}: {reason}");
    ExitCode::from(FAILED)
}

/// Exit code of a command that was called with what means nothing; clap's own.
const MISUSED: u8 = 2;

/// Prints what is wrong with the flags of a command, where clap could not know it, and returns its exit code.
pub fn misused(command: &str, reason: &str) -> ExitCode {
    eprintln!("bench-corpus {command}: {reason}");
    ExitCode::from(MISUSED)
}

/// Reads a folder that must be there.
///
/// # Errors
/// It is not there, or no folder.
pub fn folder(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if path.is_dir() { Ok(path) } else { Err("is no folder".into()) }
}

/// Reads a file that must be there.
///
/// # Errors
/// It is not there, or no file.
pub fn file(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if path.is_file() { Ok(path) } else { Err("is no file".into()) }
}

/// Reads a file that is written when a run is over: its folder must be there before.
///
/// # Errors
/// Its folder is not there.
pub fn new_file(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    if folder.is_dir() { Ok(path) } else { Err(format!("{} is no folder", folder.display())) }
}

/// Reads how many of something there are to be.
///
/// # Errors
/// It is not a number, or none.
pub fn count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("at least 1".into()),
        Ok(count) => Ok(count),
        Err(error) => Err(format!("{error}")),
    }
}

/// Reads how many pairs are run for a verdict.
///
/// # Errors
/// It is not a number, or too small for one.
pub fn pairs(text: &str) -> Result<usize, String> {
    match count(text)? {
        pairs if pairs < PAIRS_MIN => Err(format!("fewer than {PAIRS_MIN} give no verdict")),
        pairs => Ok(pairs),
    }
}

/// Reads a name that must be one of `names`.
///
/// # Errors
/// The names there are.
pub fn one_of<'n>(text: &str, names: impl Iterator<Item = &'n str>) -> Result<String, String> {
    let names: Vec<&str> = names.collect();
    if names.contains(&text) { Ok(text.to_owned()) } else { Err(format!("there are: {}", names.join(", "))) }
}

/// Reads the beginning of the names of targets.
///
/// # Errors
/// The targets there are, if none begins so.
pub fn target(text: &str, targets: &[&str]) -> Result<String, String> {
    let begins = !text.is_empty() && targets.iter().any(|target| target.starts_with(text));
    if begins { Ok(text.to_owned()) } else { Err(format!("there are: {}", targets.join(", "))) }
}

/// Whether `target` is asked for by the beginning of its name, or all are.
pub fn wants(begin: Option<&str>, target: &str) -> bool {
    begin.is_none_or(|begin| target.starts_with(begin))
}

/// Processors this process may use; 1 when the system does not say.
pub fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Says how far a long part of a run is: every few seconds a line on standard error.
pub struct Progress {
    what: &'static str,
    steps: usize,
    state: std::sync::Mutex<(usize, std::time::Instant)>,
}

impl Progress {
    /// Between two lines.
    const PAUSE: std::time::Duration = std::time::Duration::from_secs(5);

    /// A part of so many steps, none of them made.
    pub fn new(what: &'static str, steps: usize) -> Self {
        Self { what, steps, state: std::sync::Mutex::new((0, std::time::Instant::now())) }
    }

    /// One step more, by any thread.
    pub fn step(&self) {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (done, spoke) = &mut *state;
        *done += 1;
        if spoke.elapsed() >= Self::PAUSE {
            eprintln!("          {done} of {} {}", self.steps, self.what);
            *spoke = std::time::Instant::now();
        }
    }
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
