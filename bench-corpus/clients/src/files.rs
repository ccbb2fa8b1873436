//! The input files of a client.

use std::path::{Path, PathBuf};

/// All files with this extension below a folder, in the order of their paths.
///
/// # Errors
/// If a folder cannot be read, or there is no such file.
pub fn files_below(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    collect(folder, extension, &mut files).map_err(|error| format!("{}: {error}", folder.display()))?;
    files.sort_unstable();
    match files.is_empty() {
        true => Err(format!("there is no .{extension} file below {}", folder.display())),
        false => Ok(files),
    }
}

fn collect(folder: &Path, extension: &str, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), extension, files)?;
        } else if entry.path().extension().is_some_and(|found| found == extension) {
            files.push(entry.path());
        }
    }
    Ok(())
}
