//! Calls of a compiler, ours or another for comparison: a process each, with limits of time and memory.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::case::{Answer, Case, ELSEWHERE};
use crate::corpus::Ours;

/// What every call runs under: 20 seconds of CPU time and 4 GiB of address space.
const LIMITS: &str = "ulimit -c 0 -t 20 -v 4194304; exec \"$@\"";
/// What a process of ours exits with after a panic.
const PANICKED: i32 = 101;

/// A compiler that can be asked, by a process a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compiler {
    /// The name in messages.
    pub name: &'static str,
    /// The program, and arguments before all others.
    words: Vec<OsString>,
}

impl Compiler {
    /// The frontend that this program was built with, or the one at `path`.
    ///
    /// # Errors
    /// The system does not say where this program lies.
    pub fn ours(path: Option<&Path>) -> Result<Self, String> {
        let words = match path {
            Some(path) => vec![path.into()],
            None => {
                let own = std::env::current_exe();
                let own = own.map_err(|error| format!("this program cannot be called: {error}"))?;
                vec![own.into(), "conformance".into(), "--".into()]
            }
        };
        Ok(Self { name: "ours", words })
    }

    /// gcc or clang, as installed.
    pub fn peer(name: &'static str) -> Self {
        Self { name, words: vec![name.into()] }
    }

    /// What it says of `case`.
    ///
    /// # Errors
    /// The program cannot be started.
    pub fn ask(&self, case: &Case) -> Result<Answer, String> {
        self.check(&case.folder, &case.flags, &case.file).map(|(answer, _)| answer)
    }

    /// What it says of `file` in `folder`, and its messages.
    ///
    /// # Errors
    /// The program cannot be started.
    pub fn check(&self, folder: &Path, flags: &[String], file: &str) -> Result<(Answer, String), String> {
        let mut command = Command::new("sh");
        command.args(["-c", LIMITS, "sh"]).args(&self.words);
        // All errors count; clang ends after twenty, and takes gcc's word for that with another meaning of 0.
        let all = if self.name == "clang" { "-ferror-limit=0" } else { "-fmax-errors=0" };
        command.current_dir(folder).args(flags).args(["-fsyntax-only", all, file]);
        let output = command.stdin(Stdio::null()).stdout(Stdio::null()).env("LC_ALL", "C").output();
        let output = output.map_err(|error| format!("{} cannot be started: {error}", self.name))?;
        let messages = String::from_utf8_lossy(&output.stderr).into_owned();
        Ok((answer(&output, file, &messages), messages))
    }
}

/// What a process that was called as [`Compiler::ours`] is: `cfront`.
pub fn be_the_frontend(arguments: &[String]) -> u8 {
    passes::driver::main::<Ours>(arguments.iter().map(Into::into), passes::files::Provider::Disk)
}

fn answer(output: &Output, file: &str, messages: &str) -> Answer {
    if let Some(signal) = output.status.signal() {
        return Answer::Broke(format!("ended by signal {signal}"));
    }
    let internal = messages.contains("internal compiler error") || messages.contains("PLEASE submit a bug");
    let lines = error_lines(messages, file);
    match output.status.code() {
        Some(0) if lines.is_empty() => Answer::Errors(lines),
        Some(1) if !lines.is_empty() && !internal => Answer::Errors(lines),
        Some(PANICKED) => Answer::Broke(format!("panicked: {}", messages.lines().nth(1).unwrap_or(""))),
        Some(code) => {
            let first = messages.lines().next().unwrap_or("without a word");
            Answer::Broke(format!("exit status {code}: {first}"))
        }
        None => Answer::Broke("no exit status".into()),
    }
}

/// The lines of `file` with errors.
pub fn error_lines(messages: &str, file: &str) -> BTreeSet<u32> {
    let mut lines = BTreeSet::new();
    for message in messages.lines() {
        // Texts of warnings and notes may have the words in them.
        let severities =
            ["error", "fatal error", "warning", "note"].map(|word| message.find(&format!(": {word}: ")));
        let Some(at) = severities.iter().flatten().min().copied() else { continue };
        if ![severities[0], severities[1]].contains(&Some(at)) {
            continue;
        }
        // `file:line:column` or `file:line`
        let mut words = message[..at].split(':');
        let is_own = words.next().is_some_and(|name| name.trim_start_matches("./") == file);
        let line = words.next().and_then(|word| word.parse().ok());
        lines.insert(if is_own { line.unwrap_or(ELSEWHERE) } else { ELSEWHERE });
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_read_from_messages_in_gccs_format() {
        let messages = "In file included from a.c:1:\n\
            b.h:7:1: error: x\n\
            a.c:3:2: warning: error: not one\n\
            a.c:5:2: error: y\n    5 | : error: quoted\n\
            a.c:5:9: error: z\n\
            a.c:9:1: fatal error: end\n";
        let lines: Vec<u32> = error_lines(messages, "a.c").into_iter().collect();
        assert_eq!(lines, [ELSEWHERE, 5, 9]);
    }
}
