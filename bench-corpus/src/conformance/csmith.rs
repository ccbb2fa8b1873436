//! Programs that csmith makes from seeds: all are C and must be accepted.

use std::path::Path;
use std::process::Command;

use super::case::{Case, Expected};

/// Makes a program a seed with csmith from the package unpacked at `root`, into `folder`.
///
/// # Errors
/// csmith cannot be started or fails.
pub fn cases(root: &Path, folder: &Path, first_seed: u64, count: usize) -> Result<Vec<Case>, String> {
    let headers = format!("-I{}", root.join("usr/include/csmith").display());
    (first_seed..).take(count).map(|seed| program(root, folder, seed, &headers)).collect()
}

fn program(root: &Path, folder: &Path, seed: u64, headers: &str) -> Result<Case, String> {
    let file = format!("csmith-{seed}.c");
    let mut command = Command::new(root.join("usr/bin/csmith"));
    command.env("LD_LIBRARY_PATH", root.join("usr/lib/x86_64-linux-gnu")).current_dir(folder);
    let output = command.args(["--seed", &seed.to_string(), "--output", &file]).output();
    let output = output.map_err(|error| format!("csmith cannot be started: {error}"))?;
    if !output.status.success() || !folder.join(&file).is_file() {
        let words = String::from_utf8_lossy(&output.stderr);
        return Err(format!(
            "csmith --seed {seed}: {}",
            words.lines().next().unwrap_or("failed without a word")
        ));
    }
    let flags = vec![String::from("-std=gnu11"), headers.to_owned()];
    Ok(Case { name: file.clone(), folder: folder.to_owned(), file, flags, expected: Expected::accepted() })
}
