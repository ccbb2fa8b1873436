//! The general heap beside its peers: one program under each allocator, in alternation (TARGETS H1b to H5).

mod contest;
mod instructions;
mod peer;
mod process_account;
mod release;
pub mod start_up;
mod table;
mod targets;
mod touched;
mod whole_programs;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::cli;
use crate::measure::PAIRS_MIN;
use crate::step::programs;
use crate::verdict::{Verdict, conclude};
pub use contest::PAIRS_FOR_A_BOUND;
use contest::{Contest, Task};
pub use peer::ours as library;
use peer::{GLIBC, OURS, Peer};

/// Flags of `bench-corpus heap`.
#[derive(clap::Args, Clone)]
pub struct Args {
    /// Only the targets whose name starts with this: H1b, H2, H3, H3b, H4, H5, V1. H2 and H3 are one contest
    #[arg(long, value_parser = target)]
    target: Option<String>,
    /// Only these: a workload, a whole program, instructions, touched, start-up, release, limit
    #[arg(long = "workload", value_name = "NAME", value_parser = workload)]
    workloads: Vec<String>,
    /// Only these allocators
    #[arg(long = "peer", value_name = "NAME", value_parser = allocator)]
    peers: Vec<String>,
    /// Measure this shared library as `ours` instead of building compat/malloc
    #[arg(long, value_name = "FILE", value_parser = cli::file)]
    library: Option<PathBuf>,
    /// Rounds of alternating runs; a verdict on a ratio needs at least 15
    #[arg(long, default_value_t = PAIRS_MIN, value_parser = cli::count)]
    pairs: usize,
    /// A twentieth of each workload: shows that everything runs, measures nothing
    #[arg(long)]
    quick: bool,
    /// Print one row a run of the contests, comma-separated, and nothing else
    #[arg(long)]
    csv: bool,
}

/// Reads the beginning of a target's name.
fn target(text: &str) -> Result<String, String> {
    let mut targets: Vec<&str> = PARTS.iter().flat_map(|(targets, _)| *targets).copied().collect();
    targets.dedup();
    cli::target(text, &targets)
}

/// Reads the name of a workload or a part.
fn workload(text: &str) -> Result<String, String> {
    cli::one_of(text, names().into_iter())
}

/// Reads the name of an allocator.
fn allocator(text: &str) -> Result<String, String> {
    cli::one_of(text, peer::names().into_iter())
}

/// The program that runs the workloads, built.
///
/// # Errors
/// When cargo cannot build it.
pub fn workload_program() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("workloads");
    programs::executable(&programs::build_package(&folder, &["--bin", "heap-workload"])?)
        .ok_or_else(|| "cargo built no heap-workload".to_owned())
}

/// Runs `bench-corpus heap`: exit 1 if a target is missed without a measured reason.
pub fn run(args: &Args) -> ExitCode {
    match heap(args) {
        Ok(verdicts) if args.csv || verdicts.is_empty() => ExitCode::SUCCESS,
        Ok(verdicts) => {
            println!();
            conclude(&verdicts)
        }
        Err(reason) => cli::fail("heap", &reason),
    }
}

/// One part of the benchmark.
type Part = fn(&Bench) -> Result<Vec<Verdict>, String>;

/// Every part and the targets that it is about.
const PARTS: &[(&[&str], Part)] = &[
    (&["H1b"], Bench::instructions),
    (&["H2"], Bench::touched),
    (&["H2", "H3"], Bench::classic),
    (&["H3"], Bench::start_up),
    (&["H3b"], Bench::release),
    (&["H4"], Bench::limited),
    (&["H5"], Bench::whole_programs),
    (&["V1"], Bench::server),
];

/// Everything the parts share.
struct Bench {
    args: Args,
    program: PathBuf,
    peers: Vec<Peer>,
}

/// Everything that `--workload` may name.
fn names() -> Vec<&'static str> {
    let workloads = bench_workloads::workload::all().map(|workload| workload.name);
    let parts = ["instructions", "touched", "start-up", "release", "limit"].into_iter();
    parts.chain(workloads).chain(whole_programs::NAMES).collect()
}

fn heap(args: &Args) -> Result<Vec<Verdict>, String> {
    let program = workload_program()?;
    let is_wanted = |name: &str| args.peers.is_empty() || args.peers.iter().any(|wanted| wanted == name);
    let found = peer::find(is_wanted, args.library.as_deref(), &program);
    for missing in &found.missing {
        eprintln!("bench-corpus heap: without {missing}");
    }
    if found.peers.is_empty() {
        return Err("no allocator can be run".to_owned());
    }
    let bench = Bench { args: args.clone(), program, peers: found.peers };
    let mut verdicts = Vec::new();
    for (targets, part) in PARTS {
        if targets.iter().any(|target| cli::wants(args.target.as_deref(), target)) {
            verdicts.extend(part(&bench)?);
        }
    }
    if !bench.has(OURS) {
        eprintln!("bench-corpus heap: no verdict without our heap");
    }
    Ok(verdicts)
}

impl Bench {
    fn has(&self, name: &str) -> bool {
        self.peers.iter().any(|peer| peer.name == name)
    }

    fn wants(&self, workload: &str) -> bool {
        self.args.workloads.is_empty() || self.args.workloads.iter().any(|wanted| wanted == workload)
    }

    /// One allocator's of a list with a row an allocator.
    fn row_of<'r, T>(name: &str, rows: &'r [(&str, Result<T, String>)]) -> Option<&'r T> {
        rows.iter().find(|row| row.0 == name).and_then(|(_, row)| row.as_ref().ok())
    }

    fn say(&self, text: &str) {
        if !self.args.csv {
            print!("{text}");
        }
    }

    /// One row an allocator, with a progress bar.
    fn rows<T>(&self, row: impl Fn(&Peer) -> T) -> Vec<(&'static str, T)> {
        let bar = cli::progress_bar(self.peers.len());
        let rows = self.peers.iter().map(|peer| {
            let row = row(peer);
            bar.inc(1);
            (peer.name, row)
        });
        let rows = rows.collect();
        bar.finish_and_clear();
        rows
    }

    fn instructions(&self) -> Result<Vec<Verdict>, String> {
        if self.args.csv || self.args.quick || !self.wants("instructions") {
            return Ok(Vec::new());
        }
        let bar = cli::progress_bar(self.peers.len() * instructions::CASES.len());
        let costs = instructions::count(&self.program, &self.peers, || bar.inc(1));
        bar.finish_and_clear();
        let rows: Vec<_> = self.peers.iter().map(|peer| peer.name).zip(costs).collect();
        self.say(&table::instructions(&rows));
        let ours = rows.iter().find(|(name, _)| *name == OURS);
        Ok(ours.map_or_else(Vec::new, |(_, costs)| targets::instructions(costs)))
    }

    fn classic(&self) -> Result<Vec<Verdict>, String> {
        let tasks = self.classic_tasks(|name| self.wants(name));
        let contest = self.contest(&tasks, table::baseline(&self.peers))?;
        Ok(targets::classic(&contest, &tasks, &self.peers))
    }

    /// Working sets: of all classic workloads, or of those that are named beside `touched`.
    fn touched(&self) -> Result<Vec<Verdict>, String> {
        if self.args.csv || self.args.quick || !self.wants("touched") {
            return Ok(Vec::new());
        }
        let mut tasks = self.classic_tasks(|name| self.wants(name));
        if tasks.is_empty() {
            tasks = self.classic_tasks(|_| true);
        }
        let rows = self.rows(|peer| {
            tasks
                .iter()
                .map(|task| touched::measure(&task.program, &task.arguments, peer, touched::WINDOW))
                .collect()
        });
        self.say(&table::touched(&self.peers, &tasks, &rows));
        Ok(Vec::new())
    }

    /// Many threads, under the profile that was made for them; other allocators ignore the variable.
    fn server(&self) -> Result<Vec<Verdict>, String> {
        let names = bench_workloads::workload::SERVER.iter().map(|workload| workload.name);
        let tasks: Vec<Task> = names
            .chain(["crowd", "churn"])
            .filter(|name| self.wants(name))
            .map(|name| Task {
                environment: &[("COMPILER_ALLOC_PROFILE", "hosted-server")],
                ..self.task(name)
            })
            .collect();
        let contest = self.contest(&tasks, table::baseline(&self.peers))?;
        Ok(targets::server(&contest, &tasks))
    }

    fn classic_tasks(&self, is_wanted: impl Fn(&str) -> bool) -> Vec<Task> {
        let names = bench_workloads::workload::CLASSIC.iter().map(|workload| workload.name);
        names.filter(|name| is_wanted(name)).map(|name| self.task(name)).collect()
    }

    fn task(&self, workload: &'static str) -> Task {
        let mut arguments = vec!["run".to_owned(), workload.to_owned()];
        if self.args.quick {
            arguments.push("--quick".to_owned());
        }
        Task { name: workload, program: self.program.clone(), arguments, environment: &[] }
    }

    /// Runs and prints a contest.
    fn contest(&self, tasks: &[Task], baseline: &str) -> Result<Contest, String> {
        let contest = Contest::run(&self.peers, tasks, self.args.pairs);
        if self.args.csv {
            table::rows(&contest, std::io::stdout().lock())?;
        } else if !tasks.is_empty() {
            print!("{}", table::contest(&self.peers, tasks, &contest, baseline));
        }
        Ok(contest)
    }

    fn start_up(&self) -> Result<Vec<Verdict>, String> {
        if self.args.csv || !self.wants("start-up") {
            return Ok(Vec::new());
        }
        let rows = self.rows(|peer| start_up::measure(Path::new("/bin/true"), &peer.environment()));
        self.say(&table::start_up(&rows));
        Ok(Self::row_of(OURS, &rows)
            .zip(Self::row_of(GLIBC, &rows))
            .map_or_else(Vec::new, |(ours, glibc)| targets::start_up(ours, glibc)))
    }

    fn release(&self) -> Result<Vec<Verdict>, String> {
        if self.args.csv || !self.wants("release") {
            return Ok(Vec::new());
        }
        let rows = self.rows(|peer| release::steps(&self.program, peer, self.args.quick));
        self.say(&table::release(&rows));
        let is_full = !self.args.quick;
        Ok(Self::row_of(OURS, &rows).filter(|_| is_full).map_or_else(Vec::new, targets::release))
    }

    fn limited(&self) -> Result<Vec<Verdict>, String> {
        if self.args.csv || !self.wants("limit") {
            return Ok(Vec::new());
        }
        let rows = self.rows(|peer| release::limited(&self.program, peer));
        self.say(&table::limited(&rows));
        Ok(Self::row_of(OURS, &rows).map_or_else(Vec::new, targets::limited))
    }

    fn whole_programs(&self) -> Result<Vec<Verdict>, String> {
        if self.args.quick {
            return Ok(Vec::new());
        }
        let folder = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
        let found = whole_programs::find(folder.path())?;
        for missing in &found.missing {
            eprintln!("bench-corpus heap: without {missing}");
        }
        let mut tasks = found.tasks;
        tasks.insert(0, self.task("compiler"));
        tasks.retain(|task| self.wants(task.name));
        let contest = self.contest(&tasks, GLIBC)?;
        Ok(targets::programs(&contest, &tasks, &self.peers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_can_be_asked_for_by_its_target_and_every_program_by_its_name() {
        for name in ["H1b", "H2", "H3", "H3b", "H4", "H5", "V1"] {
            assert_eq!(target(name), Ok(name.to_owned()));
        }
        let names = names();
        for name in ["start-up", "larson", "compiler", "pipeline", "day", "gcc"] {
            assert_eq!(names.iter().filter(|known| **known == name).count(), 1, "{name}");
        }
    }
}
