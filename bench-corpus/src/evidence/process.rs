//! Whole programs whose page faults and resident memory are rows of `perf/`: one process each, read from the kernel's account of it.
//!
//! The list goes into the fresh folder, so that the judge starts the same programs by itself and reads the kernel's account too. Beside it
//! lies a list of everything that was built to be measured, by digest, so that another program in the same place is noticed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use rayon::iter::{IntoParallelIterator, ParallelIterator};
use serde::{Deserialize, Serialize};

use super::fast_path::OURS;
use super::folder::Folder;
use super::{COMPILER_INTERNAL, HOSTED_SMALL, provenance};
use crate::cli;
use crate::heap_bench;
use crate::measure::{self, middle};
use crate::step::programs;

/// The list of programs in a fresh folder. It holds paths of this machine and is never committed.
pub const FILE: &str = "processes.tsv";

/// The list of what was built, with digests. It holds paths of this machine and is never committed.
pub const PROGRAMS: &str = "programs.tsv";

/// The workload that does nothing: its faults are taken off those of the others.
const EMPTY: &str = "empty";

/// Workloads of arenas that only a clock is held to: `bench-corpus arena` runs them, and no row of `perf/` says what they take.
const TIMED: &[&str] = &["files-dropped-elsewhere", "passes-parallel"];

/// Passes over the quick corpus, some of them warm, for the judge: evidence measures more rounds of them.
const CORPUS: &str = "corpus-quick";
/// Its rounds.
const CORPUS_ROUNDS: &str = "4";
/// The same until it is warm.
const CORPUS_COLD: &str = "corpus-quick-cold";
/// Its rounds.
const CORPUS_ROUNDS_COLD: &str = "2";

/// Runs of each; the median counts.
const RUNS: usize = 3;

/// Operations of an actor after which its program has touched all that it ever touches.
const ACTOR_FEW: &str = "1000";
/// Operations of an actor that must not fault once more.
const ACTOR_MANY: &str = "1000000";
/// Seed of the actor's operations.
const ACTOR_SEED: &str = "61";

/// A program with its arguments, for one row of a profile.
pub struct Process {
    profile: &'static str,
    workload: &'static str,
    subject: &'static str,
    program: Program,
    arguments: Vec<&'static str>,
}

/// Which program.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Program {
    /// `arena-worker`.
    Arena,
    /// `fixed-worker`.
    Fixed,
    /// `realtime-probe`.
    Actor,
    /// `heap-workload`, with the malloc library loaded before it.
    Heap,
    /// This very program.
    Own,
}

impl Program {
    /// Its file; built, if it was not.
    fn file(self) -> Result<PathBuf, String> {
        match self {
            Self::Arena => programs::build("arena-worker"),
            Self::Fixed => programs::build("fixed-worker"),
            Self::Actor => programs::build("realtime-probe"),
            Self::Heap => heap_bench::workload_program(),
            Self::Own => {
                std::env::current_exe().map_err(|error| format!("this program has no path: {error}"))
            }
        }
    }
}

/// What a program cost, by the kernel's account.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// Page faults served without reading a file.
    pub faults: f64,
    /// Highest resident memory, bytes, if the program says it.
    pub peak_resident_bytes: Option<f64>,
}

#[derive(Serialize)]
struct Row {
    profile: &'static str,
    workload: &'static str,
    subject: &'static str,
    program: String,
    arguments: String,
    environment: String,
}

/// A file that was built, and its SHA-256.
#[derive(Serialize, Deserialize)]
pub struct Built {
    /// Where it lies.
    pub program: PathBuf,
    sha256: String,
}

/// Builds everything that evidence measures, and lists it in the fresh folder.
///
/// # Errors
/// When something cannot be built, or the list not written.
pub fn build(out: &Folder) -> Result<(), String> {
    programs::build_all()?;
    let probes = ["fast-path-probe", "malloc-probe"].map(programs::build);
    let workers =
        [Program::Arena, Program::Fixed, Program::Actor, Program::Heap, Program::Own].map(Program::file);
    let all = probes.into_iter().chain(workers).chain([heap_bench::library()]);
    let rows: Vec<Built> = all
        .map(|program| {
            let program = program?;
            Ok(Built { sha256: provenance::sha256_of(&program)?, program })
        })
        .collect::<Result<_, String>>()?;
    out.write(PROGRAMS, &rows)
}

/// The passes over the quick corpus in one process, whose faults and memory the judge reads.
const fn corpus_run(rounds: &'static str, memory: &'static str) -> [&'static str; 14] {
    [
        "corpus",
        "run",
        "--set",
        "quick",
        "--passes",
        "preprocess",
        "--jobs",
        "1",
        "--rounds",
        rounds,
        "--memory",
        memory,
        "--format",
        "tsv",
    ]
}

/// Every program.
pub fn all() -> Vec<Process> {
    let mut all = Vec::new();
    let mut add = |profile, workload, subject, program, arguments: &[&'static str]| {
        all.push(Process { profile, workload, subject, program, arguments: arguments.to_vec() });
    };
    for subject in ["ours", "bumpalo"] {
        for &workload in bench_measured::worker::WORKLOADS.iter().filter(|workload| !TIMED.contains(workload))
        {
            add(COMPILER_INTERNAL, workload, subject, Program::Arena, &[subject, workload]);
        }
    }
    for subject in ["ours", "bumpalo"] {
        add(COMPILER_INTERNAL, CORPUS, subject, Program::Own, &corpus_run(CORPUS_ROUNDS, subject));
    }
    add(COMPILER_INTERNAL, CORPUS_COLD, OURS, Program::Own, &corpus_run(CORPUS_ROUNDS_COLD, OURS));
    for profile in [HOSTED_SMALL, "hosted-server"] {
        for workload in [EMPTY, "compiler", "growth", "large"] {
            add(profile, workload, OURS, Program::Heap, &["run", workload]);
        }
    }
    add("freestanding", EMPTY, OURS, Program::Fixed, &["ours", EMPTY]);
    add("freestanding", "usable-200", OURS, Program::Fixed, &["ours", "usable", "200", "6"]);
    add("realtime", EMPTY, OURS, Program::Actor, &["steady", ACTOR_FEW, ACTOR_SEED]);
    add("realtime", "actor-steady", OURS, Program::Actor, &["steady", ACTOR_MANY, ACTOR_SEED]);
    add("test-fixture", EMPTY, OURS, Program::Own, &["stress", "--list"]);
    add(
        "test-fixture",
        "fixture-local-free",
        OURS,
        Program::Own,
        &["stress", "--case", "fixture-local-free"],
    );
    all
}

/// Reads `PROFILE.WORKLOAD`, of a program that runs it on our code.
///
/// # Errors
/// The names that there are.
pub fn read_name(text: &str) -> Result<(&'static str, &'static str), String> {
    let is_single = |process: &Process| process.subject == OURS && !process.workload.starts_with(CORPUS);
    let ours: Vec<Process> = all().into_iter().filter(is_single).collect();
    let names: Vec<String> =
        ours.iter().map(|process| format!("{}.{}", process.profile, process.workload)).collect();
    cli::one_of(text, names.iter().map(String::as_str))?;
    let place = names.iter().position(|name| name == text).expect("it is one of them");
    Ok((ours[place].profile, ours[place].workload))
}

/// Writes the list into the fresh folder.
///
/// # Errors
/// When it cannot be written, or a program cannot be built.
pub fn write(all: &[Process], out: &Folder) -> Result<(), String> {
    let row = |process: &Process| {
        let environment = process.environment()?;
        let variables: Vec<String> =
            environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
        Ok(Row {
            profile: process.profile,
            workload: process.workload,
            subject: process.subject,
            program: process.program.file()?.display().to_string(),
            arguments: process.arguments.join(" "),
            environment: variables.join(" "),
        })
    };
    let rows: Vec<Row> = all.iter().map(row).collect::<Result<_, String>>()?;
    out.write(FILE, &rows)
}

/// Profile, workload and subject.
pub type Name<'a> = (&'a str, &'a str, &'a str);

/// What programs cost.
pub type Costs<'a> = BTreeMap<Name<'a>, Cost>;

/// What programs of these names cost, the median of some runs. Several run at a time: faults and memory do not depend on what else runs.
///
/// # Errors
/// When there is no program of a name, or one fails.
pub fn costs<'a>(all: &[Process], names: impl IntoIterator<Item = Name<'a>>) -> Result<Costs<'a>, String> {
    let names: BTreeSet<Name<'a>> = names.into_iter().collect();
    let empty = |(profile, _, subject): Name<'a>| (profile, EMPTY, subject);
    let with_empty: BTreeSet<_> = names.iter().flat_map(|&name| [name, empty(name)]).collect();
    let progress = cli::Progress::new("programs", with_empty.len());
    let medians: Costs<'_> = with_empty
        .into_par_iter()
        .map(|name| {
            let median = median(all, name)?;
            progress.step();
            Ok((name, median))
        })
        .collect::<Result<_, String>>()?;
    let net = |name| {
        let (cost, empty) = (medians[&name], medians[&empty(name)]);
        (name, Cost { faults: (cost.faults - empty.faults).max(0.0), ..cost })
    };
    Ok(names.into_iter().map(net).collect())
}

/// The median of some runs of one program, nothing taken off.
fn median(all: &[Process], (profile, workload, subject): Name<'_>) -> Result<Cost, String> {
    let process = all
        .iter()
        .find(|known| (known.profile, known.workload, known.subject) == (profile, workload, subject))
        .ok_or_else(|| format!("no program runs {workload} of {profile} on {subject}"))?;
    let runs: Vec<measure::Run> = (0..RUNS).map(|_| process.run()).collect::<Result<_, _>>()?;
    let peaks: Result<Vec<f64>, String> =
        runs.iter().map(|run| Ok(run.fact("peak_resident_bytes")? as f64)).collect();
    Ok(Cost {
        faults: middle(runs.iter().map(|run| run.faults as f64)),
        peak_resident_bytes: peaks.ok().map(middle),
    })
}

impl Process {
    fn run(&self) -> Result<measure::Run, String> {
        let environment = self.environment()?;
        let environment: Vec<(&str, &str)> =
            environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
        measure::run(&self.program.file()?, &self.arguments, &environment)
    }

    /// What is set for it beside our own environment.
    fn environment(&self) -> Result<Vec<(&'static str, String)>, String> {
        if self.program != Program::Heap {
            return Ok(Vec::new());
        }
        let library = heap_bench::library()?.display().to_string();
        Ok(vec![("LD_PRELOAD", library), ("COMPILER_ALLOC_PROFILE", self.profile.to_owned())])
    }
}
