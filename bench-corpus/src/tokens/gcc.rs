//! gcc as a preprocessor with our predefined macros and our headers in place of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::corpus::unit::Unit;

/// How gcc is set up: a file with our predefined macros, then the include folders in order.
#[derive(Debug)]
pub struct Gcc {
    /// Holds `#define` lines; read by `-imacros`.
    pub predefined: PathBuf,
    /// Folders for `-isystem`: our freestanding headers, then those of the C library.
    pub system: Vec<PathBuf>,
}

/// Whether the output keeps gcc's line markers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Markers {
    /// `-P`: tokens only.
    Dropped,
    /// Without `-P`: the same tokens, and where each line came from.
    Kept,
}

impl Gcc {
    /// gcc's preprocessed output of `unit`. Costs one process.
    ///
    /// # Errors
    /// gcc's first error line.
    pub fn preprocess(&self, unit: &Unit, markers: Markers) -> Result<Vec<u8>, String> {
        let mut command = Command::new("gcc");
        command.current_dir(&unit.root).args(self.arguments(unit, markers));
        command.stdin(Stdio::null()).env("LC_ALL", "C");
        let output = command.output().map_err(|error| format!("gcc cannot be started: {error}"))?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let words = String::from_utf8_lossy(&output.stderr);
        let first = words.lines().find(|line| line.contains("error")).or(words.lines().next());
        Err(format!("gcc: {}", first.unwrap_or("failed without a word")))
    }

    /// The arguments that put our macros and headers in place of gcc's own, and silence its warnings.
    pub fn set_up(&self) -> Vec<String> {
        let mut words = ["-undef", "-nostdinc", "-w", "-imacros"].map(str::to_owned).to_vec();
        words.push(display(&self.predefined));
        for folder in &self.system {
            words.extend(["-isystem".to_owned(), display(folder)]);
        }
        words
    }

    /// The arguments of the call, for the process and for a reader who wants to repeat it.
    pub fn arguments(&self, unit: &Unit, markers: Markers) -> Vec<String> {
        let mut words = vec!["-std=gnu11".to_owned()];
        words.extend(self.set_up());
        words.extend(unit.flags.iter().cloned());
        words.push("-E".into());
        if markers == Markers::Dropped {
            words.push("-P".into());
        }
        words.push(unit.path.clone());
        words
    }
}

fn display(path: &Path) -> String {
    path.display().to_string()
}
