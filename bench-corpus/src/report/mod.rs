//! `bench-corpus report`: one HTML file with charts, and a summary for the terminal, from the evidence and from what runs left behind.
//!
//! ```text
//!   input ── reads files ──> section/ ── one function a subject ──> document ──> html, summary
//! ```
//!
//! Nothing here measures, and nothing is invented: what no file says is a sentence with the command that brings it.

mod document;
mod html;
mod input;
mod libraries;
mod number;
mod section;
mod spread;
mod summary;
mod turn;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::cli;
use crate::evidence::folder::Folder;
use input::Inputs;
use libraries::Libraries;

/// Flags of `bench-corpus report`.
#[derive(clap::Args)]
pub struct Args {
    /// Folder with allocator/, release/ and perf/ [default: the committed evidence]
    #[arg(long, value_name = "DIR", value_parser = cli::folder)]
    evidence: Option<PathBuf>,
    /// Folder with raw step traces [default: traces/ in --evidence, or evidence/traces in the target folder]
    #[arg(long, value_name = "DIR", value_parser = cli::folder)]
    traces: Option<PathBuf>,
    /// Folder with what runs left: corpus-ours.json and the like [default: report/ in the target folder]
    #[arg(long, value_name = "DIR", value_parser = cli::folder)]
    runs: Option<PathBuf>,
    /// The node_modules with D3 and Observable Plot; without it the page has no charts [default: charts/node_modules in --runs]
    #[arg(long, value_name = "DIR", value_parser = cli::folder)]
    libraries: Option<PathBuf>,
    /// The file to write [default: report.html in --runs]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print the summary and write no file
    #[arg(long, conflicts_with = "out")]
    summary: bool,
}

/// Runs `bench-corpus report`: prints the summary, and writes the page unless only the summary is wanted.
pub fn run(args: &Args) -> ExitCode {
    match report(args) {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(reason) => cli::fail("report", &reason),
    }
}

fn report(args: &Args) -> Result<String, String> {
    let repository = Folder::repository()?;
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository.path("target"), PathBuf::from);
    let runs = args.runs.clone().unwrap_or_else(|| target.join("report"));
    let traces = match (args.traces.clone(), &args.evidence) {
        (Some(traces), _) => traces,
        (None, Some(evidence)) => evidence.join("traces"),
        (None, None) => target.join("evidence/traces"),
    };
    let evidence = args.evidence.clone().map_or_else(|| repository.clone(), Folder::at);
    let inputs = Inputs::read(&repository, &evidence, &traces, &runs)?;
    let document = section::all(&inputs)?;
    let mut text = summary::text(&document);
    if !args.summary {
        let installed = args.libraries.clone();
        let libraries = Libraries::read(&installed.unwrap_or_else(|| runs.join("charts/node_modules")))?;
        let out = args.out.clone().unwrap_or_else(|| runs.join("report.html"));
        write(&out, &html::page(&document, libraries.as_ref()))?;
        text += &format!("page\t{}\n", out.display());
    }
    Ok(text)
}

fn write(path: &Path, html: &str) -> Result<(), String> {
    let failure = |error: std::io::Error| format!("{}: {error}", path.display());
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(failure)?;
    }
    std::fs::write(path, html).map_err(failure)
}
