//! Where cargo keeps the packages that a set's manifest pins.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

/// Name of a package to the folder that holds its sources.
#[derive(Debug, Default)]
pub struct Packages {
    roots: BTreeMap<String, Fetched>,
}

#[derive(Debug)]
struct Fetched {
    version: String,
    root: PathBuf,
}

/// The part of `cargo metadata` that is read.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<MetadataPackage>,
}

#[derive(Deserialize)]
struct MetadataPackage {
    name: String,
    version: String,
    manifest_path: PathBuf,
}

impl Packages {
    /// Asks cargo, offline, for the folders of the packages that `manifest` pins. Costs one process start.
    ///
    /// # Errors
    /// Cargo's own last words when something pinned is not in cargo's home.
    pub fn locate(manifest: &Path) -> Result<Packages, String> {
        let output = cargo()
            .args([
                "metadata",
                "--locked",
                "--offline",
                "--all-features",
                "--format-version",
                "1",
                "--filter-platform",
                PLATFORM,
            ])
            .arg("--manifest-path")
            .arg(manifest)
            .output()
            .map_err(|error| format!("cargo cannot be started: {error}"))?;
        if !output.status.success() {
            return Err(reason(&String::from_utf8_lossy(&output.stderr)));
        }
        let metadata: Metadata = serde_json::from_slice(&output.stdout)
            .map_err(|error| format!("cargo metadata answered something unexpected: {error}"))?;
        Ok(Packages::of(metadata))
    }

    fn of(metadata: Metadata) -> Packages {
        let mut packages = Packages::default();
        for package in metadata.packages {
            let Some(root) = package.manifest_path.parent() else { continue };
            packages.insert(&package.name, &package.version, root);
        }
        packages
    }

    /// Adds a package by hand; a later one of the same name replaces it.
    pub fn insert(&mut self, name: &str, version: &str, root: &Path) {
        let fetched = Fetched { version: version.to_owned(), root: root.to_owned() };
        self.roots.insert(name.to_owned(), fetched);
    }

    /// The folder of package `name`, which must have exactly `version`.
    ///
    /// # Errors
    /// A sentence naming the package when it is absent or of another version.
    pub fn root(&self, name: &str, version: &str) -> Result<&Path, String> {
        let fetched = self.any_version(name)?;
        if fetched.version != version {
            return Err(format!(
                "the table asks for {name} {version}, the lock file pins {}",
                fetched.version
            ));
        }
        Ok(&fetched.root)
    }

    /// The folder of package `name`, whatever its version.
    ///
    /// # Errors
    /// A sentence naming the package when it is absent.
    pub fn root_of_pinned(&self, name: &str) -> Result<&Path, String> {
        Ok(&self.any_version(name)?.root)
    }

    fn any_version(&self, name: &str) -> Result<&Fetched, String> {
        self.roots.get(name).ok_or_else(|| format!("package {name} is not pinned by the set's manifest"))
    }
}

/// Only packages for this platform are fetched: the corpus is compiled for it alone.
pub const PLATFORM: &str = "x86_64-unknown-linux-gnu";

/// The cargo that runs us, or the one on the path.
pub fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// What cargo says went wrong: its `error:` line and the innermost cause.
pub fn reason(stderr: &str) -> String {
    let mut lines = stderr.lines().map(str::trim).filter(|line| !line.is_empty());
    let headline = lines.find(|line| line.starts_with("error")).unwrap_or("cargo failed without saying why");
    let cause = lines.rfind(|line| !line.starts_with("Caused by") && !line.starts_with("As a reminder"));
    match cause {
        Some(cause) => format!("{headline} ({cause})"),
        None => headline.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_found_only_in_the_version_of_the_table() {
        let mut packages = Packages::default();
        packages.insert("lua-src", "551.1.0", Path::new("home/lua-src-551.1.0"));
        assert_eq!(packages.root("lua-src", "551.1.0"), Ok(Path::new("home/lua-src-551.1.0")));
        let other = packages.root("lua-src", "550.0.0").expect_err("another version is pinned");
        assert!(other.contains("550.0.0") && other.contains("551.1.0"), "{other}");
        let absent = packages.root("zstd-sys", "1").expect_err("nothing of that name is pinned");
        assert!(absent.contains("zstd-sys"), "{absent}");
    }

    #[test]
    fn cargos_reason_is_its_headline_and_the_innermost_cause() {
        let stderr = "warning: retrying\nerror: failed to get `lua-src`\n\nCaused by:\n  no index\n\nCaused by:\n  no route\n";
        assert_eq!(reason(stderr), "error: failed to get `lua-src` (no route)");
        assert_eq!(reason("error: alone\n"), "error: alone");
        assert_eq!(reason(""), "cargo failed without saying why");
    }

    #[test]
    fn metadata_gives_the_folder_of_the_manifest() {
        let text = r#"{"packages": [{"name": "a", "version": "1.0.0+2", "manifest_path": "home/a-1.0.0/Cargo.toml"}]}"#;
        let packages = Packages::of(serde_json::from_str(text).expect("the text is JSON"));
        assert_eq!(packages.root("a", "1.0.0+2"), Ok(Path::new("home/a-1.0.0")));
    }
}
