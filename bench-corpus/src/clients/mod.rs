//! Compilers that others wrote, with the arenas their authors chose and with ours, under several global allocators (TARGETS C1).
//!
//! The programs are in `bench-corpus/clients`, workspaces of their own that differ by one `[patch]` section. They are built, and run in
//! alternation; nothing is committed and nothing is written but below the target folder.

mod build;
mod contest;
mod inputs;
mod oxc;
mod table;
mod verdict;
mod workspace;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::cli;
use crate::doctor;
use crate::verdict::conclude;
use contest::{Contest, Setup};

/// Flags of `bench-corpus clients`.
#[derive(clap::Args, Clone)]
pub struct Args {
    /// Only this client
    #[arg(long, value_name = "NAME", value_parser = client)]
    client: Option<String>,
    /// Only these global allocators: glibc, mimalloc, jemalloc, hosted-small
    #[arg(long = "allocator", value_name = "NAME", value_parser = allocator)]
    allocators: Vec<String>,
    /// Rounds in each process: the whole input is compiled once a round. From the third on a round counts as warm
    #[arg(long, default_value_t = 6, value_name = "R", value_parser = rounds)]
    rounds: usize,
    /// Runs of each program, all programs of a client in turn; without five there is no bound on the CPU time
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = cli::count)]
    pairs: usize,
    /// Count the instructions of a round by callgrind, too: minutes for each client
    #[arg(long)]
    instructions: bool,
    /// Write a row a round of every run, comma-separated, to this file
    #[arg(long, value_name = "FILE", value_parser = cli::new_file)]
    csv: Option<PathBuf>,
}

/// A compiler and what it compiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its name in tables.
    pub name: &'static str,
    /// Name of the program, and of the feature that builds it.
    pub program: &'static str,
    /// Where its input lies below the folder of inputs.
    pub input: &'static str,
    /// What the program is told beside rounds and input.
    pub flag: Option<&'static str>,
}

impl Client {
    /// What its program is told.
    ///
    /// # Errors
    /// When the input has a name that is not UTF-8.
    pub fn arguments<'t>(&self, rounds: &'t str, input: &'t Path) -> Result<Vec<&'t str>, String> {
        let input = input.to_str().ok_or("the target folder has a name that is not UTF-8")?;
        Ok([rounds, input].into_iter().chain(self.flag).collect())
    }
}

const OXC: &str = "oxc";

const CLIENTS: [Client; 4] = [
    Client { name: "wast", program: "wast", input: inputs::TEXTS, flag: None },
    Client { name: "solar", program: "solar", input: inputs::PACKAGES, flag: None },
    Client { name: "oxc", program: OXC, input: inputs::PACKAGES, flag: None },
    Client { name: "oxc-kept", program: OXC, input: inputs::PACKAGES, flag: Some("kept") },
];

fn client(text: &str) -> Result<String, String> {
    cli::one_of(text, CLIENTS.iter().map(|client| client.name))
}

fn allocator(text: &str) -> Result<String, String> {
    cli::one_of(text, build::ALLOCATORS.into_iter())
}

/// Reads a number of rounds of which one at least is warm.
fn rounds(text: &str) -> Result<usize, String> {
    match cli::count(text)? {
        rounds if rounds < contest::WARM_ROUND => {
            Err(format!("only from round {} on a round is warm", contest::WARM_ROUND))
        }
        rounds => Ok(rounds),
    }
}

/// Runs `bench-corpus clients`: exit 1 if a target is missed without a measured reason.
pub fn run(args: &Args) -> ExitCode {
    match clients(args) {
        Ok(code) => code,
        Err(reason) => cli::fail("clients", &reason),
    }
}

fn clients(args: &Args) -> Result<ExitCode, String> {
    for tool in ["cargo", "gcc", "npm"] {
        doctor::require(tool)?;
    }
    if args.instructions {
        doctor::require("valgrind")?;
    }
    let wanted = |client: &&Client| args.client.as_ref().is_none_or(|name| name == client.name);
    let clients: Vec<Client> = CLIENTS.iter().filter(wanted).copied().collect();
    let folder = folder();
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    inputs::install(&folder)?;
    let (mut rows, mut verdicts) = (Vec::new(), Vec::new());
    // Two clients may be one program.
    let mut built: BTreeMap<&str, Vec<Setup>> = BTreeMap::new();
    for client in clients {
        let setups = match built.get(client.program) {
            Some(setups) => setups.clone(),
            None => built.entry(client.program).or_insert(setups(args, client, &folder)?).clone(),
        };
        let input = inputs::of(client, &folder)?;
        let mut contest = Contest::new(client, setups, args.rounds);
        contest.run(&input, args.pairs)?;
        if args.instructions {
            contest.count_instructions(&input)?;
        }
        print!("{}", table::of(&contest));
        verdicts.extend(verdict::of(&contest));
        rows.extend(contest.rows());
    }
    if let Some(file) = &args.csv {
        table::write(&rows, file)?;
    }
    println!();
    Ok(conclude(&verdicts))
}

/// Builds every program of a client.
fn setups(args: &Args, client: Client, folder: &Path) -> Result<Vec<Setup>, String> {
    let mut setups = Vec::new();
    for allocator in build::ALLOCATORS {
        if !args.allocators.is_empty() && !args.allocators.iter().any(|wanted| wanted == allocator) {
            continue;
        }
        for arenas in build::ARENAS {
            eprintln!("          building {} with the arenas of {arenas}, {allocator} below", client.name);
            let program = build::program(client.program, arenas, allocator, folder)?;
            setups.push(Setup { arenas, allocator, program });
        }
    }
    Ok(setups)
}

/// The folder of the repository that holds the clients.
fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients")
}

/// Where everything is built and kept: `clients` below the target folder.
fn folder() -> PathBuf {
    let repository =
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the workspace");
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| repository.join("target"), PathBuf::from)
        .join("clients")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_and_allocators_are_asked_for_by_name() {
        assert!(client("wast").is_ok());
        assert!(client("rustc").expect_err("it is none of them").contains("solar"));
        assert!(allocator("hosted-small").is_ok());
        assert!(rounds("2").is_err());
    }
}
