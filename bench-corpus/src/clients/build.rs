//! Building a client: by cargo, in one of two workspaces that differ by a `[patch]` section.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::workspace;
use crate::corpus::packages::{PLATFORM, cargo, reason};
use crate::step::programs;

/// Whose arenas: the folders below `bench-corpus/clients`.
pub const ARENAS: [&str; 2] = [REGISTRY, OURS];
/// The package that the client's authors chose.
pub const REGISTRY: &str = "registry";
/// Ours in its place.
pub const OURS: &str = "ours";

/// Global allocators; all but the first are features of the clients' package.
pub const ALLOCATORS: [&str; 4] = [GLIBC, "mimalloc", "jemalloc", HOSTED_SMALL];
/// The system's.
pub const GLIBC: &str = "glibc";
/// Ours.
pub const HOSTED_SMALL: &str = "hosted-small";

/// Builds one program of the clients' package and puts it where no other build writes.
///
/// # Errors
/// When cargo cannot fetch or build it.
pub fn program(name: &str, arenas: &str, allocator: &str, folder: &Path) -> Result<PathBuf, String> {
    let mut manifest = workspace::of(arenas, folder)?;
    fetch(&manifest)?;
    if name == super::OXC && arenas == OURS {
        manifest = workspace::with_oxc(&manifest, folder)?;
    }
    let features = if allocator == GLIBC { name.to_owned() } else { format!("{name},{allocator}") };
    let output = cargo()
        .args(["build", "--release", "--offline", "--quiet"])
        .args(["--message-format", "json-render-diagnostics", "--bin", name, "--features", &features])
        .arg("--target-dir")
        .arg(folder.join("build"))
        .arg("--manifest-path")
        .arg(&manifest)
        // What cargo tells the processes it runs is meant for our own package.
        .env_remove("CARGO_TARGET_DIR")
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cargo cannot be started: {error}"))?;
    if !output.status.success() {
        return Err(format!("building {name} in {} failed", manifest.display()));
    }
    let built = programs::executable(&String::from_utf8_lossy(&output.stdout))
        .ok_or_else(|| format!("cargo built no {name}"))?;
    // Both workspaces build a program of this name. A program that runs cannot be written to, but its name can be given away.
    let program = folder.join(format!("{name}-{arenas}-{allocator}"));
    let unfinished = program.with_extension("unfinished");
    let failed = |error| format!("{}: {error}", program.display());
    std::fs::copy(&built, &unfinished).map_err(failed)?;
    std::fs::rename(&unfinished, &program).map_err(failed)?;
    Ok(program)
}

/// Makes the pinned packages available: from cargo's home, or else from the registry.
fn fetch(manifest: &Path) -> Result<(), String> {
    let fetch = |flags: &[&str]| {
        let mut command = cargo();
        command.args(["fetch", "--quiet", "--target", PLATFORM]).args(flags);
        command.arg("--manifest-path").arg(manifest).stdin(Stdio::null());
        let output = command.output().map_err(|error| format!("cargo cannot be started: {error}"))?;
        match output.status.success() {
            true => Ok(()),
            false => Err(reason(&String::from_utf8_lossy(&output.stderr))),
        }
    };
    fetch(&["--offline"]).or_else(|_| fetch(&[])).map_err(|error| {
        format!(
            "the packages that {} pins cannot be had: {error}; connect to the package registry and run this again",
            manifest.display()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::sources;
    use super::*;

    fn manifest(arenas: &str) -> String {
        std::fs::read_to_string(sources().join(arenas).join("Cargo.toml")).expect("the manifest is there")
    }

    #[test]
    fn the_two_manifests_differ_by_the_patch_alone() {
        let after_comment = |text: &str| text.split_once('\n').expect("a first line").1.to_owned();
        let registry = after_comment(&manifest(REGISTRY));
        let ours = after_comment(&manifest(OURS));
        let (same, patch) = ours.split_once("\n[patch.crates-io]\n").expect("ours has a patch");
        assert_eq!(same, registry);
        assert!(patch.lines().all(|line| line.contains("compat/")), "{patch}");
        assert!(!registry.contains("patch."), "{registry}");
    }

    #[test]
    fn the_two_lock_files_pin_the_same_packages() {
        let pinned = |arenas: &str| {
            let text =
                std::fs::read_to_string(sources().join(arenas).join("Cargo.lock")).expect("a lock file");
            let blocks: Vec<String> = text.split("\n\n").map(|block| block.trim_end().to_owned()).collect();
            // What is patched, and nothing else, has no source there.
            blocks.into_iter().filter(|block| !block.contains("name = \"bumpalo\"")).collect::<Vec<_>>()
        };
        assert_eq!(pinned(REGISTRY), pinned(OURS));
    }

    #[test]
    fn every_client_and_allocator_is_a_feature() {
        let manifest = manifest(REGISTRY);
        let names = super::super::CLIENTS.iter().map(|client| client.program).chain(ALLOCATORS);
        for name in names.filter(|name| *name != GLIBC) {
            assert!(manifest.contains(&format!("\n{name} = [")), "{name}");
        }
    }
}
