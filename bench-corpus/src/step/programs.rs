//! Builds the measured programs: their package alone, with profile `measured`, so that nothing else changes their code.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

/// Features of the measured package: what this build of bench-corpus has. Each builds the same library and one more worker.
const FEATURES: &str = if cfg!(feature = "peer-mimalloc") {
    "peer-mimalloc"
} else if cfg!(feature = "peers") {
    "peers"
} else {
    ""
};

#[derive(Deserialize)]
struct Message {
    reason: String,
    executable: Option<PathBuf>,
}

/// Builds program `name` of the measured package and returns its path. Costs a fresh check by cargo, a build when sources changed.
///
/// # Errors
/// When cargo cannot be started or the build fails; cargo has then said why.
pub fn build(name: &str) -> Result<PathBuf, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("measured").join("Cargo.toml");
    let output = Command::new(cargo)
        .args(["build", "--quiet", "--profile", "measured", "--message-format", "json-render-diagnostics"])
        .args(["--features", FEATURES, "--bin", name])
        .arg("--manifest-path")
        .arg(manifest)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cargo cannot be started: {error}"))?;
    if !output.status.success() {
        return Err(format!("building {name} failed"));
    }
    executable(&String::from_utf8_lossy(&output.stdout))
        .ok_or_else(|| format!("cargo built no program for {name}"))
}

/// The executable that cargo's messages name last.
fn executable(messages: &str) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Message>(line).ok())
        .filter(|message| message.reason == "compiler-artifact")
        .filter_map(|message| message.executable)
        .next_back()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executable_is_read_from_the_artifact_message() {
        let messages = "{\"reason\":\"compiler-artifact\",\"executable\":null}\n\
                        {\"reason\":\"compiler-artifact\",\"executable\":\"target/measured/probe\"}\n\
                        {\"reason\":\"build-finished\",\"success\":true}\n";
        assert_eq!(executable(messages), Some(PathBuf::from("target/measured/probe")));
    }
}
