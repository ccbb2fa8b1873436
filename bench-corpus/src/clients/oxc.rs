//! oxc on our arenas: its own arena is a folder inside its package `oxc_allocator`, out of reach of a `[patch]`. So a copy of that package,
//! as cargo fetched it, gets `bench-corpus/clients/oxc/arena.rs` in place of that folder, below the target folder, and is patched in beside
//! our bumpalo. The rest of oxc stays as it is.

use std::path::Path;

use super::{sources, workspace};
use crate::corpus::packages::Packages;

/// The package that holds the arena.
const PACKAGE: &str = "oxc_allocator";

/// Makes the copy in the folder of a workspace; the line that patches it in. `pinned` is a manifest that pins the package.
///
/// # Errors
/// When the package is not in cargo's home, is not as it was when this was written, or cannot be copied.
pub fn patch(pinned: &Path, folder: &Path) -> Result<String, String> {
    let packages = Packages::locate(pinned)?;
    let fetched = packages.root_of_pinned(PACKAGE)?;
    // Of one version: nothing is left of another.
    let name =
        fetched.file_name().and_then(|name| name.to_str()).ok_or("cargo's home has a nameless package")?;
    let package = folder.join(name);
    copy(&fetched.join("src"), &package.join("src"), true)?;
    let arena = workspace::text(&sources().join("oxc").join("arena.rs"))?;
    workspace::write(&package.join("src").join("arena.rs"), &arena)?;
    let manifest = with_bumpalo(&workspace::text(&fetched.join("Cargo.toml"))?)?;
    workspace::write(&package.join("Cargo.toml"), &manifest)?;
    Ok(format!("{PACKAGE} = {{ path = \"{name}\" }}\n"))
}

/// Copies a folder of sources; at the package's root without those of the arena.
fn copy(from: &Path, to: &Path, is_root: bool) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", from.display());
    std::fs::create_dir_all(to).map_err(|error| format!("{}: {error}", to.display()))?;
    for entry in std::fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if !entry.file_type().map_err(failed)?.is_dir() {
            workspace::write(&to, &workspace::text(&from)?)?;
        } else if !is_root || entry.file_name() != "arena" {
            copy(&from, &to, false)?;
        }
    }
    Ok(())
}

/// The package's manifest with one more dependency, and without its lints, which only its authors' checks need.
fn with_bumpalo(fetched: &str) -> Result<String, String> {
    let (before, after) = fetched
        .split_once("[dependencies.allocator-api2]")
        .ok_or_else(|| format!("{PACKAGE}'s manifest has no dependency on allocator-api2"))?;
    let after = after.split("\n[lints").next().unwrap_or(after);
    Ok(format!(
        "{before}[dependencies.bumpalo]\nversion = \"3.20.4\"\nfeatures = [\"allocator-api2\"]\n\n\
         [dependencies.allocator-api2]{after}\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_needs_bumpalo_and_loses_its_lints() {
        let fetched =
            "[package]\n\n[dependencies.allocator-api2]\nversion = \"1\"\n\n[lints.clippy]\nall = \"warn\"\n";
        let expected = "[package]\n\n[dependencies.bumpalo]\nversion = \"3.20.4\"\nfeatures = [\"allocator-api2\"]\n\n\
                        [dependencies.allocator-api2]\nversion = \"1\"\n\n";
        assert_eq!(with_bumpalo(fetched).as_deref(), Ok(expected));
        assert!(with_bumpalo("[package]\n").is_err());
    }

    #[test]
    fn the_sources_are_copied_without_the_arena_and_only_what_is_new_is_written() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (package, copied) = (folder.path().join("package"), folder.path().join("copied"));
        for file in ["src/lib.rs", "src/arena/mod.rs", "src/vec2/arena/mod.rs"] {
            let file = package.join(file);
            std::fs::create_dir_all(file.parent().expect("a folder")).expect("the folder is made");
            std::fs::write(file, "text").expect("the file is written");
        }
        copy(&package.join("src"), &copied, true).expect("everything can be copied");
        assert!(copied.join("lib.rs").is_file() && copied.join("vec2/arena/mod.rs").is_file());
        assert!(!copied.join("arena").exists());
        let written =
            |file: &str| std::fs::metadata(copied.join(file)).and_then(|about| about.modified()).ok();
        let before = written("lib.rs");
        std::fs::write(package.join("src/vec2/arena/mod.rs"), "other").expect("the file is written");
        copy(&package.join("src"), &copied, true).expect("everything can be copied");
        assert_eq!(written("lib.rs"), before);
        assert_eq!(workspace::text(&copied.join("vec2/arena/mod.rs")).as_deref(), Ok("other"));
    }
}
