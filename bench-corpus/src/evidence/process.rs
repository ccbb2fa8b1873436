//! Whole programs whose page faults and resident memory are rows of `perf/`: one process each, read from the kernel's account of it.
//!
//! The list goes into the fresh folder, so that the judge starts the same programs by itself and reads the kernel's account too.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use rayon::iter::{IntoParallelIterator, ParallelIterator};
use serde::Serialize;

use super::folder::Folder;
use super::{COMPILER_INTERNAL, HOSTED_SMALL};
use crate::cli;
use crate::heap_bench;
use crate::measure;
use crate::step::programs;

/// The list of programs in a fresh folder. It holds paths of this machine and is never committed.
pub const FILE: &str = "processes.tsv";

/// The workload that does nothing: its faults are taken off those of the others.
const EMPTY: &str = "empty";

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
    program: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(&'static str, String)>,
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

/// Builds everything that evidence measures.
///
/// # Errors
/// When something cannot be built.
pub fn build() -> Result<(), String> {
    programs::build_all()?;
    all().map(|_| ())
}

/// Every program, built.
///
/// # Errors
/// When one cannot be built.
pub fn all() -> Result<Vec<Process>, String> {
    let arena = programs::build("arena-worker")?;
    let fixed = programs::build("fixed-worker")?;
    let actor = programs::build("realtime-probe")?;
    let heap = heap_bench::workload_program()?;
    let library = heap_bench::library()?.display().to_string();
    let own = std::env::current_exe().map_err(|error| format!("this program has no path: {error}"))?;
    let mut all = Vec::new();
    let mut add = |profile,
                   workload,
                   subject,
                   program: &PathBuf,
                   arguments: &[&str],
                   preload: Option<&str>| {
        let mut environment = Vec::new();
        if let Some(profile) = preload {
            environment.push(("LD_PRELOAD", library.clone()));
            environment.push(("COMPILER_ALLOC_PROFILE", profile.to_owned()));
        }
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        all.push(Process { profile, workload, subject, program: program.clone(), arguments, environment });
    };
    for subject in ["ours", "bumpalo"] {
        for &workload in bench_measured::worker::WORKLOADS {
            add(COMPILER_INTERNAL, workload, subject, &arena, &[subject, workload], None);
        }
    }
    for profile in [HOSTED_SMALL, "hosted-server"] {
        for workload in [EMPTY, "compiler", "growth", "large"] {
            add(profile, workload, "ours", &heap, &["run", workload], Some(profile));
        }
    }
    add("freestanding", EMPTY, "ours", &fixed, &["ours", EMPTY], None);
    add("freestanding", "usable-200", "ours", &fixed, &["ours", "usable", "200", "6"], None);
    add("realtime", EMPTY, "ours", &actor, &["steady", ACTOR_FEW, ACTOR_SEED], None);
    add("realtime", "actor-steady", "ours", &actor, &["steady", ACTOR_MANY, ACTOR_SEED], None);
    add("test-fixture", EMPTY, "ours", &own, &["stress", "--list"], None);
    add(
        "test-fixture",
        "fixture-local-free",
        "ours",
        &own,
        &["stress", "--case", "fixture-local-free"],
        None,
    );
    Ok(all)
}

/// Writes the list into the fresh folder.
///
/// # Errors
/// When it cannot be written.
pub fn write(all: &[Process], out: &Folder) -> Result<(), String> {
    let rows: Vec<Row> = all
        .iter()
        .map(|process| Row {
            profile: process.profile,
            workload: process.workload,
            subject: process.subject,
            program: process.program.display().to_string(),
            arguments: process.arguments.join(" "),
            environment: process
                .environment
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect::<Vec<_>>()
                .join(" "),
        })
        .collect();
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
        peak_resident_bytes: peaks.ok().map(|peaks| middle(peaks.into_iter())),
    })
}

impl Process {
    fn run(&self) -> Result<measure::Run, String> {
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        let environment: Vec<(&str, &str)> =
            self.environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
        measure::run(&self.program, &arguments, &environment)
    }
}

fn middle(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_unstable_by(f64::total_cmp);
    measure::median(&sorted)
}
