//! Which outside tools the commands use, whether they are here, and which package brings each.
//!
//! [`require`] is the one place that says a tool is missing: `doctor` lists it, and every command that needs one asks here first,
//! so both say the same sentence.

use std::process::{Command, ExitCode};

use crate::cli;

/// Flags of `bench-corpus doctor`.
#[derive(clap::Args)]
pub struct Args {
    /// Print tab-separated columns: tool, state, version, needed for, how to get it
    #[arg(long)]
    tsv: bool,
}

/// What a tool is needed for; decides whether its absence fails `doctor`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// `make test` or `make allocator-fast-path-check` cannot run without it.
    MainJob,
    /// Only some other target needs it.
    Optional,
}

/// One outside program.
#[derive(Debug)]
pub struct Tool {
    /// What the user types.
    pub name: &'static str,
    /// Program and arguments that print its version and exit 0.
    probe: &'static [&'static str],
    /// How badly it is needed.
    pub need: Need,
    /// What needs it.
    pub used_for: &'static str,
    /// The command that brings it on a Debian machine with rustup.
    pub remedy: &'static str,
}

const fn tool(
    name: &'static str,
    probe: &'static [&'static str],
    need: Need,
    used_for: &'static str,
    remedy: &'static str,
) -> Tool {
    Tool { name, probe, need, used_for, remedy }
}

/// Every outside program that a command or a Makefile target runs.
pub const TOOLS: &[Tool] = &[
    tool(
        "cargo",
        &["cargo", "--version"],
        Need::MainJob,
        "building, fetching the corpus",
        "https://rustup.rs",
    ),
    tool("rustc", &["rustc", "--version"], Need::MainJob, "building", "https://rustup.rs"),
    tool("rustfmt", &["rustfmt", "--version"], Need::MainJob, "make lint", "rustup component add rustfmt"),
    tool("clippy", &["cargo-clippy", "--version"], Need::MainJob, "make lint", "rustup component add clippy"),
    tool("make", &["make", "--version"], Need::MainJob, "the targets", "apt-get install make"),
    tool("git", &["git", "--version"], Need::MainJob, "digests of the sources", "apt-get install git"),
    tool(
        "gcc",
        &["gcc", "--version"],
        Need::MainJob,
        "tokens, linking, C headers",
        "apt-get install gcc libc6-dev",
    ),
    tool("python3", &["python3", "--version"], Need::MainJob, "the gate's judge", "apt-get install python3"),
    tool(
        "valgrind",
        &["valgrind", "--version"],
        Need::Optional,
        "callgrind beside step",
        "apt-get install valgrind",
    ),
    tool(
        "rust nightly",
        &["rustc", "+nightly", "--version"],
        Need::Optional,
        "make sanitize, make fuzz",
        "rustup toolchain install nightly --component rust-src",
    ),
    tool("cargo-fuzz", &["cargo-fuzz", "--version"], Need::Optional, "make fuzz", "cargo install cargo-fuzz"),
    tool(
        "cargo-insta",
        &["cargo-insta", "--version"],
        Need::Optional,
        "reviewing snapshots",
        "cargo install cargo-insta",
    ),
];

/// What a probe found.
#[derive(Debug, PartialEq, Eq)]
pub enum State {
    /// Runs; the first line of its version text.
    Present(String),
    /// Cannot be started, or its probe failed.
    Missing,
}

impl Tool {
    /// Runs the probe. Costs one process start.
    pub fn state(&self) -> State {
        let (program, arguments) = self.probe.split_first().expect("a probe names a program");
        match Command::new(program).args(arguments).output() {
            Ok(output) if output.status.success() => {
                let text = String::from_utf8_lossy(&output.stdout);
                State::Present(text.lines().next().unwrap_or("").trim().to_owned())
            }
            _ => State::Missing,
        }
    }

    /// The one sentence for a missing tool.
    pub fn missing_sentence(&self) -> String {
        format!("{} is missing (needed for {}); get it with: {}", self.name, self.used_for, self.remedy)
    }
}

/// Checks that the tool called `name` runs, and returns the first line of its version text.
///
/// # Errors
/// The sentence that `doctor` prints for it, when it is missing.
///
/// # Panics
/// When `name` is not in [`TOOLS`]: a command may only use a listed tool.
pub fn require(name: &str) -> Result<String, String> {
    let tool =
        TOOLS.iter().find(|tool| tool.name == name).unwrap_or_else(|| panic!("{name} is not a listed tool"));
    match tool.state() {
        State::Present(version) => Ok(version),
        State::Missing => Err(tool.missing_sentence()),
    }
}

/// Runs `bench-corpus doctor`: exit 1 if a tool of the main job is missing.
pub fn run(args: &Args) -> ExitCode {
    let states: Vec<(&Tool, State)> = TOOLS.iter().map(|tool| (tool, tool.state())).collect();
    for (tool, state) in &states {
        println!("{}", if args.tsv { tsv_line(tool, state) } else { text_line(tool, state) });
    }
    let missing = missing_for_main_job(&states);
    if missing.is_empty() {
        println!("verdict\tok: nothing that the main job needs is missing");
        return ExitCode::SUCCESS;
    }
    println!("verdict\tmissing for the main job: {}", missing.join(", "));
    cli::fail("doctor", &format!("install what is missing: {}", missing.join(", ")))
}

fn missing_for_main_job<'t>(states: &[(&'t Tool, State)]) -> Vec<&'t str> {
    states
        .iter()
        .filter(|(tool, state)| tool.need == Need::MainJob && *state == State::Missing)
        .map(|(tool, _)| tool.name)
        .collect()
}

fn text_line(tool: &Tool, state: &State) -> String {
    match state {
        State::Present(version) => format!("ok       {:<13} {version}", tool.name),
        State::Missing if tool.need == Need::MainJob => format!("MISSING  {}", tool.missing_sentence()),
        State::Missing => format!("absent   {}", tool.missing_sentence()),
    }
}

fn tsv_line(tool: &Tool, state: &State) -> String {
    let (word, version) = match state {
        State::Present(version) => ("present", version.as_str()),
        State::Missing => ("missing", ""),
    };
    [tool.name, word, version, tool.used_for, tool.remedy].join("\t")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABSENT: Tool =
        tool("no-such-tool", &["no-such-tool-anywhere"], Need::MainJob, "a test", "apt-get install it");

    #[test]
    fn a_missing_tool_is_named_with_its_use_and_its_package() {
        assert_eq!(ABSENT.state(), State::Missing);
        let line = text_line(&ABSENT, &ABSENT.state());
        assert_eq!(
            line,
            "MISSING  no-such-tool is missing (needed for a test); get it with: apt-get install it"
        );
    }

    #[test]
    fn only_tools_of_the_main_job_fail_the_doctor() {
        let optional = Tool { need: Need::Optional, ..ABSENT };
        let here = State::Present("1".into());
        let states = [(&ABSENT, State::Missing), (&optional, State::Missing), (&TOOLS[0], here)];
        assert_eq!(missing_for_main_job(&states), ["no-such-tool"]);
    }

    #[test]
    fn a_command_that_needs_a_tool_says_what_the_doctor_says() {
        for tool in TOOLS {
            match tool.state() {
                State::Present(version) => assert_eq!(require(tool.name), Ok(version)),
                State::Missing => assert_eq!(require(tool.name), Err(tool.missing_sentence())),
            }
        }
    }

    #[test]
    fn a_tab_separated_row_has_five_columns() {
        assert_eq!(tsv_line(&ABSENT, &State::Missing).split('\t').count(), 5);
    }
}
