//! Builds the measured programs: their package alone, with profile `measured`, so that nothing else changes their code.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;

use crate::corpus::packages::cargo;
use crate::doctor;

/// Features of the measured package: what this build of bench-corpus has. Each builds the same library and one more worker.
const FEATURES: &str = match (cfg!(feature = "peer-mimalloc"), cfg!(feature = "arena-peers")) {
    (true, true) => "peer-mimalloc,arena-peers",
    (true, false) => "peer-mimalloc",
    (false, true) => "arena-peers",
    (false, false) if cfg!(feature = "peers") => "peers",
    (false, false) => "",
};

#[derive(Deserialize)]
struct Message {
    reason: String,
    executable: Option<PathBuf>,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

/// Builds program `name` of the measured package and returns its path.
///
/// # Errors
/// When cargo cannot be started or the build fails; cargo has then said why.
pub fn build(name: &str) -> Result<PathBuf, String> {
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    let all = built.get(&key(&measured(), ALL)).cloned();
    let messages = match all {
        Some(messages) => messages,
        None => built_once(&mut built, &measured(), &["--features", FEATURES, "--bin", name])?,
    };
    executable_named(&messages, name)
}

/// Builds every program of the measured package, several at a time; [`build`] then only finds them.
///
/// # Errors
/// When cargo cannot be started or the build fails; cargo has then said why.
pub fn build_all() -> Result<(), String> {
    build_package(&measured(), ALL).map(|_| ())
}

/// What cargo is asked for all programs of the measured package.
const ALL: &[&str] = &["--features", FEATURES, "--bins"];

/// Cargo's messages by folder and arguments. Locked during a build: whoever wants the same waits for it, and cargo builds one at a time
/// anyway.
type Built = BTreeMap<(PathBuf, String), String>;
static BUILT: Mutex<Built> = Mutex::new(BTreeMap::new());

fn key(folder: &Path, arguments: &[&str]) -> (PathBuf, String) {
    (folder.to_owned(), arguments.join(" "))
}

fn measured() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("measured")
}

/// Builds the package in `folder` alone, with profile `measured`; cargo's messages, a line of JSON each. Cargo is asked once in the life of
/// the process: sources that change meanwhile are not built again.
///
/// # Errors
/// When cargo cannot be started or the build fails; cargo has then said why.
pub fn build_package(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    built_once(&mut BUILT.lock().unwrap_or_else(PoisonError::into_inner), folder, arguments)
}

fn built_once(built: &mut Built, folder: &Path, arguments: &[&str]) -> Result<String, String> {
    if let Some(messages) = built.get(&key(folder, arguments)) {
        return Ok(messages.clone());
    }
    let messages = ask_cargo(folder, arguments)?;
    built.insert(key(folder, arguments), messages.clone());
    Ok(messages)
}

fn ask_cargo(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    doctor::require("cargo")?;
    doctor::require("gcc")?;
    let output = cargo()
        .args(["build", "--quiet", "--profile", "measured", "--message-format", "json-render-diagnostics"])
        .args(arguments)
        .arg("--manifest-path")
        .arg(folder.join("Cargo.toml"))
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cargo cannot be started: {error}"))?;
    if !output.status.success() {
        return Err(format!("building {} failed", folder.display()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The shared library that cargo's messages name last.
pub fn shared_library(messages: &str) -> Option<PathBuf> {
    let is_shared = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "so");
    artifacts(messages).flat_map(|message| message.filenames).filter(is_shared).last()
}

/// The executable that cargo's messages name last.
pub fn executable(messages: &str) -> Option<PathBuf> {
    executables(messages).last()
}

/// The executable of that name among those that cargo's messages name.
///
/// # Errors
/// When there is none.
pub fn executable_named(messages: &str, name: &str) -> Result<PathBuf, String> {
    executables(messages)
        .find(|program| program.file_stem().is_some_and(|stem| stem == name))
        .ok_or_else(|| format!("cargo built no program for {name}"))
}

fn executables(messages: &str) -> impl Iterator<Item = PathBuf> {
    artifacts(messages).filter_map(|message| message.executable)
}

fn artifacts(messages: &str) -> impl Iterator<Item = Message> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Message>(line).ok())
        .filter(|message| message.reason == "compiler-artifact")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shared_library_is_read_from_the_artifact_message() {
        let messages = "{\"reason\":\"compiler-artifact\",\"filenames\":[\"t/liba.a\",\"t/liba.so\"],\"executable\":null}\n";
        assert_eq!(shared_library(messages), Some(PathBuf::from("t/liba.so")));
        assert_eq!(executable(messages), None);
    }

    #[test]
    fn the_executable_is_read_from_the_artifact_message() {
        let messages = "{\"reason\":\"compiler-artifact\",\"executable\":null}\n\
                        {\"reason\":\"compiler-artifact\",\"executable\":\"target/measured/probe\"}\n\
                        {\"reason\":\"build-finished\",\"success\":true}\n";
        assert_eq!(executable(messages), Some(PathBuf::from("target/measured/probe")));
    }
}
