//! Instructions and conditional branches of a whole process, by callgrind.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::doctor;

/// What callgrind counted, and what the process printed.
#[derive(Clone, Debug, PartialEq)]
pub struct Counted {
    /// Executed instructions.
    pub instructions: f64,
    /// Executed conditional branches.
    pub conditional_branches: f64,
    /// The standard output.
    pub output: String,
}

/// Runs `program` under callgrind, which replaces no malloc: a preloaded one is what runs.
///
/// # Errors
/// When valgrind is missing or fails, or its output cannot be read.
pub fn of_process(
    program: &Path,
    arguments: &[&str],
    environment: &[(&str, &str)],
) -> Result<Counted, String> {
    of_process_in(Path::new("."), program, arguments, environment)
}

/// The same in `folder`.
///
/// # Errors
/// When valgrind is missing or fails, or its output cannot be read.
pub fn of_process_in(
    folder: &Path,
    program: &Path,
    arguments: &[&str],
    environment: &[(&str, &str)],
) -> Result<Counted, String> {
    doctor::require("valgrind")?;
    let file = tempfile::NamedTempFile::new().map_err(|error| format!("no temporary file: {error}"))?;
    let mut command = Command::new("valgrind");
    command.current_dir(folder);
    command.args(["--tool=callgrind", "--branch-sim=yes", "-q"]);
    command.arg(format!("--callgrind-out-file={}", file.path().display()));
    command.arg(program).args(arguments).envs(environment.iter().copied()).stdin(Stdio::null());
    let output = command.output().map_err(|error| format!("valgrind cannot be started: {error}"))?;
    if !output.status.success() {
        return Err(format!("valgrind failed: {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    let counted =
        std::fs::read_to_string(file.path()).map_err(|error| format!("callgrind's file: {error}"))?;
    let (instructions, conditional_branches) =
        totals(&counted).ok_or_else(|| "callgrind's output has no costs".to_owned())?;
    let output = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(Counted { instructions, conditional_branches, output })
}

/// Instructions and conditional branches of the whole process.
fn totals(file: &str) -> Option<(f64, f64)> {
    let line = |key| file.lines().find_map(|line: &str| line.strip_prefix(key));
    let column = |event: &str| line("events:")?.split_ascii_whitespace().position(|name| name == event);
    let costs: Vec<f64> =
        line("totals:")?.split_ascii_whitespace().filter_map(|cost| cost.parse().ok()).collect();
    Some((*costs.get(column("Ir")?)?, *costs.get(column("Bc")?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_totals_are_read_by_the_names_of_their_columns() {
        assert_eq!(totals("events: Ir Bc Bcm\nfn=x\n1 2 3\ntotals: 100 20 3\n"), Some((100.0, 20.0)));
        assert_eq!(totals("events: Bc Ir\ntotals: 20 100\n"), Some((100.0, 20.0)));
        assert_eq!(totals("events: Ir\ntotals: 100\n"), None);
    }
}
