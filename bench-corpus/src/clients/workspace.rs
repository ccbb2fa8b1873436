//! A workspace below the target folder that builds the clients: the committed manifest and lock file, seen from there. So what cargo writes
//! into a lock file when a package of this repository has other dependencies than before changes no committed file.

use std::path::{Path, PathBuf};

use super::{oxc, sources};

/// Writes the workspace that builds with the arenas of `arenas`; its manifest.
///
/// # Errors
/// When a file cannot be read or written.
pub fn of(arenas: &str, folder: &Path) -> Result<PathBuf, String> {
    let committed = sources().join(arenas);
    let folder = folder.join("workspaces").join(arenas);
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    write(&folder.join("Cargo.lock"), &text(&committed.join("Cargo.lock"))?)?;
    write(&folder.join("Cargo.toml"), &moved(&text(&committed.join("Cargo.toml"))?, &committed)?)?;
    Ok(folder.join("Cargo.toml"))
}

/// Writes a workspace that has our arenas in oxc, too; its manifest. `ours` is the manifest of the one that has them elsewhere, whose packages
/// are in cargo's home.
///
/// # Errors
/// When a file cannot be read or written.
pub fn with_oxc(ours: &Path, folder: &Path) -> Result<PathBuf, String> {
    let folder = folder.join("workspaces").join("ours-oxc");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let patch = oxc::patch(ours, &folder)?;
    write(&folder.join("Cargo.lock"), &text(&ours.with_file_name("Cargo.lock"))?)?;
    write(&folder.join("Cargo.toml"), &format!("{}{patch}", text(ours)?))?;
    Ok(folder.join("Cargo.toml"))
}

/// A committed manifest with its paths as they are seen from anywhere.
fn moved(manifest: &str, folder: &Path) -> Result<String, String> {
    let folder = folder.to_str().ok_or("the repository lies in a folder whose name is not UTF-8")?;
    Ok(manifest.replace("path = \"../", &format!("path = \"{folder}/../")))
}

/// The text of a file.
///
/// # Errors
/// When it cannot be read.
pub fn text(file: &Path) -> Result<String, String> {
    std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
}

/// Writes a file, unless it has this text: what is newer than before cargo builds again.
///
/// # Errors
/// When it cannot be written.
pub fn write(file: &Path, text: &str) -> Result<(), String> {
    if std::fs::read(file).is_ok_and(|before| before == text.as_bytes()) {
        return Ok(());
    }
    std::fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::super::build::OURS;
    use super::*;

    #[test]
    fn a_workspace_has_the_committed_manifest_and_lock_file_with_paths_that_lead_back() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let manifest = of(OURS, folder.path()).expect("both files are committed");
        let committed = sources().join(OURS);
        let written = text(&manifest).expect("it was written");
        assert!(written.contains(&format!("path = \"{}/../src/lib.rs\"", committed.display())), "{written}");
        assert!(!written.contains("= \"../"), "{written}");
        assert_eq!(text(&manifest.with_file_name("Cargo.lock")), text(&committed.join("Cargo.lock")));
    }
}
