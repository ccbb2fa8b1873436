//! Which outside tools the commands use, whether they are here, and which package brings each.
//!
//! [`require`] is the one place that says a tool is missing: `doctor` lists it, and every command that needs one asks here first,
//! so both say the same sentence.

use std::process::{Command, ExitCode};

use serde::Deserialize;

use crate::cli;

/// Flags of `bench-corpus doctor`.
#[derive(clap::Args)]
pub struct Args {
    /// Print tab-separated columns: tool, state, version, needed for, how to get it
    #[arg(long)]
    tsv: bool,
}

/// What a tool is needed for; decides whether its absence fails `doctor`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Need {
    /// `make test` or `make allocator-fast-path-check` cannot run without it.
    Main,
    /// Only some other target needs it.
    Optional,
}

/// One outside program: a row of `tools/outside-tools.tsv`, which the Makefile's `tools/need` reads too.
#[derive(Clone, Debug, Deserialize)]
pub struct Tool {
    /// What the user calls it.
    #[serde(rename = "tool")]
    pub name: String,
    /// Program and arguments, separated by spaces, that print its version and exit 0.
    probe: String,
    /// How badly it is needed.
    pub need: Need,
    /// What needs it.
    pub used_for: String,
    /// What brings it on a Debian machine with rustup.
    pub remedy: String,
}

/// Every outside program that a command or a Makefile target runs, in the order of the file.
pub fn tools() -> Vec<Tool> {
    let text = include_str!("../../tools/outside-tools.tsv");
    let mut reader = csv::ReaderBuilder::new().delimiter(b'\t').quoting(false).from_reader(text.as_bytes());
    reader.deserialize().collect::<Result<_, _>>().expect("the compiled-in table has the columns of Tool")
}

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
        let mut words = self.probe.split(' ');
        match Command::new(words.next().unwrap_or_default()).args(words).output() {
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
/// When `name` is not one of [`tools`]: a command may only use a listed tool.
pub fn require(name: &str) -> Result<String, String> {
    let listed = tools().into_iter().find(|tool| tool.name == name);
    let tool = listed.unwrap_or_else(|| panic!("{name} is not a listed tool"));
    match tool.state() {
        State::Present(version) => Ok(version),
        State::Missing => Err(tool.missing_sentence()),
    }
}

/// Runs `bench-corpus doctor`: exit 1 if a tool of the main job is missing.
pub fn run(args: &Args) -> ExitCode {
    let tools = tools();
    let states: Vec<(&Tool, State)> = tools.iter().map(|tool| (tool, tool.state())).collect();
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
        .filter(|(tool, state)| tool.need == Need::Main && *state == State::Missing)
        .map(|(tool, _)| tool.name.as_str())
        .collect()
}

fn text_line(tool: &Tool, state: &State) -> String {
    match state {
        State::Present(version) => format!("ok       {:<13} {version}", tool.name),
        State::Missing if tool.need == Need::Main => format!("MISSING  {}", tool.missing_sentence()),
        State::Missing => format!("absent   {}", tool.missing_sentence()),
    }
}

fn tsv_line(tool: &Tool, state: &State) -> String {
    let (word, version) = match state {
        State::Present(version) => ("present", version.as_str()),
        State::Missing => ("missing", ""),
    };
    [tool.name.as_str(), word, version, &tool.used_for, &tool.remedy].join("\t")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn absent() -> Tool {
        Tool {
            name: "no-such-tool".into(),
            probe: "no-such-tool-anywhere --version".into(),
            need: Need::Main,
            used_for: "a test".into(),
            remedy: "apt-get install it".into(),
        }
    }

    #[test]
    fn a_missing_tool_is_named_with_its_use_and_its_package() {
        assert_eq!(absent().state(), State::Missing);
        let line = text_line(&absent(), &State::Missing);
        assert_eq!(
            line,
            "MISSING  no-such-tool is missing (needed for a test); get it with: apt-get install it"
        );
    }

    #[test]
    fn only_tools_of_the_main_job_fail_the_doctor() {
        let (main, optional) = (absent(), Tool { need: Need::Optional, ..absent() });
        let states =
            [(&main, State::Missing), (&optional, State::Missing), (&main, State::Present("1".into()))];
        assert_eq!(missing_for_main_job(&states), ["no-such-tool"]);
    }

    #[test]
    fn a_command_that_needs_a_tool_says_what_the_doctor_says() {
        for tool in tools() {
            match tool.state() {
                State::Present(version) => assert_eq!(require(&tool.name), Ok(version)),
                State::Missing => assert_eq!(require(&tool.name), Err(tool.missing_sentence())),
            }
        }
    }

    #[test]
    fn a_tab_separated_row_has_five_columns() {
        assert_eq!(tsv_line(&absent(), &State::Missing).split('\t').count(), 5);
    }
}
