//! Who runs what: contestants, their worker programs, and rounds in alternation.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use bench_measured::worker::{FILLING, WORKLOADS};

use crate::measure::{self, ContestRow, Ratio, Run, middle};
use crate::step::programs;

/// One subject over one way to get memory.
#[derive(Clone, Debug)]
pub struct Contestant {
    /// Its name in tables.
    pub name: &'static str,
    /// The worker program.
    program: PathBuf,
    /// The subject within the worker.
    subject: &'static str,
    environment: &'static [(&'static str, &'static str)],
}

/// The workload that does nothing, whose cost is taken off the others'.
const EMPTY: &str = "empty";

/// Our arenas.
pub const OURS: &str = "ours";
/// bumpalo whose chunks come from the system's malloc.
pub const BUMPALO: &str = "bumpalo";
/// bumpalo whose chunks come from mimalloc, huge pages as mimalloc likes.
pub const BUMPALO_MIMALLOC: &str = "bumpalo-mimalloc";
/// bumpalo whose chunks come from mimalloc without huge pages, which our profile may not use either.
pub const BUMPALO_MIMALLOC_4K: &str = "bumpalo-mimalloc-4k";
/// oxc's arena, whose chunks come from the system's malloc.
pub const OXC: &str = "oxc";
/// typed-arena, whose chunks come from the system's malloc.
const TYPED_ARENA: &str = "typed-arena";

impl Contestant {
    /// Builds the workers and lists everybody this build can run: without feature `peer-mimalloc` nobody over mimalloc.
    ///
    /// # Errors
    /// When a worker cannot be built.
    pub fn all() -> Result<Vec<Self>, String> {
        let plain = programs::build("arena-worker")?;
        let new = |name, program: &PathBuf, subject, environment| Self {
            name,
            program: program.clone(),
            subject,
            environment,
        };
        let mut all = vec![new(OURS, &plain, "ours", &[])];
        if cfg!(feature = "arena-peers") {
            all.push(new("ours-ahead", &plain, "ours-ahead", &[]));
        }
        if cfg!(feature = "peers") {
            all.push(new(BUMPALO, &plain, "bumpalo", &[]));
            all.push(new(OXC, &plain, "oxc", &[]));
        }
        if cfg!(feature = "arena-peers") {
            for peer in ["bump-scope", "blink-alloc", "multitude", TYPED_ARENA] {
                all.push(new(peer, &plain, peer, &[]));
            }
        }
        if cfg!(feature = "peer-mimalloc") {
            let mimalloc = programs::build("arena-worker-mimalloc")?;
            all.push(new(BUMPALO_MIMALLOC, &mimalloc, "bumpalo", &[]));
            all.push(new(BUMPALO_MIMALLOC_4K, &mimalloc, "bumpalo", &[("MIMALLOC_ALLOW_THP", "0")]));
            all.push(new("oxc-mimalloc", &mimalloc, "oxc", &[]));
            if cfg!(feature = "arena-peers") {
                for (name, peer) in [
                    ("bump-scope-mimalloc", "bump-scope"),
                    ("blink-alloc-mimalloc", "blink-alloc"),
                    ("multitude-mimalloc", "multitude"),
                    ("typed-arena-mimalloc", TYPED_ARENA),
                ] {
                    all.push(new(name, &mimalloc, peer, &[]));
                }
            }
        }
        Ok(all)
    }

    /// Whether it can run the workload: typed-arena holds values of one type.
    fn can_run(&self, workload: &str) -> bool {
        self.subject != TYPED_ARENA || FILLING.contains(&workload)
    }
}

/// All runs of all contestants on all workloads, in the order of the rounds.
pub struct Contest {
    contestants: Vec<Contestant>,
    workloads: Vec<&'static str>,
    runs: BTreeMap<(&'static str, &'static str), Vec<Run>>,
}

impl Contest {
    /// A contest in these workloads, and the empty one, that nobody has run yet.
    pub fn new(contestants: Vec<Contestant>, workloads: &[&str]) -> Self {
        let workloads =
            WORKLOADS.iter().copied().filter(|name| *name == EMPTY || workloads.contains(name)).collect();
        Self { contestants, workloads, runs: BTreeMap::new() }
    }

    /// Runs `rounds` rounds. In each, every workload is run by every contestant, one after the other, the first being another one
    /// each round: slow moments of the machine meet all of them.
    ///
    /// # Errors
    /// When a worker fails.
    pub fn run(&mut self, rounds: usize) -> Result<(), String> {
        for round in 0..rounds {
            for &workload in &self.workloads {
                for turn in 0..self.contestants.len() {
                    let contestant = &self.contestants[(round + turn) % self.contestants.len()];
                    if !contestant.can_run(workload) {
                        continue;
                    }
                    let run = measure::run(
                        &contestant.program,
                        &[contestant.subject, workload],
                        contestant.environment,
                    )?;
                    self.runs.entry((contestant.name, workload)).or_default().push(run);
                }
            }
        }
        Ok(())
    }

    /// Whether the workload is part of the contest.
    pub fn runs_workload(&self, workload: &str) -> bool {
        self.workloads.contains(&workload)
    }

    /// Whether the contestant took part.
    pub fn has(&self, contestant: &str) -> bool {
        self.contestants.iter().any(|other| other.name == contestant)
    }

    fn runs(&self, contestant: &str, workload: &str) -> Result<&[Run], String> {
        let found = self.runs.iter().find(|(key, _)| key.0 == contestant && key.1 == workload);
        found.map(|(_, runs)| runs.as_slice()).ok_or_else(|| format!("{contestant} did not run {workload}"))
    }

    /// CPU seconds of each round, the contestant's empty program (median) taken off.
    ///
    /// # Errors
    /// When the contestant did not run the workload.
    pub fn cpu_seconds(&self, contestant: &str, workload: &str) -> Result<Vec<f64>, String> {
        let empty = middle(self.runs(contestant, EMPTY)?.iter().map(|run| run.cpu_seconds));
        Ok(self.runs(contestant, workload)?.iter().map(|run| (run.cpu_seconds - empty).max(1e-4)).collect())
    }

    /// Median of the page faults, those of the empty program taken off.
    ///
    /// # Errors
    /// When the contestant did not run the workload.
    pub fn faults(&self, contestant: &str, workload: &str) -> Result<f64, String> {
        let of = |workload| {
            Ok::<_, String>(middle(self.runs(contestant, workload)?.iter().map(|run| run.faults as f64)))
        };
        Ok(of(workload)? - of(EMPTY)?)
    }

    /// Median of a printed fact.
    ///
    /// # Errors
    /// When the contestant did not run the workload, or did not print the fact.
    pub fn fact(&self, contestant: &str, workload: &str, fact: &str) -> Result<f64, String> {
        let facts: Result<Vec<f64>, String> =
            self.runs(contestant, workload)?.iter().map(|run| Ok(run.fact(fact)? as f64)).collect();
        Ok(middle(facts?))
    }

    /// CPU time of one contestant relative to another's, round by round.
    ///
    /// # Errors
    /// When one of them did not run the workload.
    pub fn cpu_ratio(&self, ours: (&str, &str), theirs: (&str, &str)) -> Result<Ratio, String> {
        let (ours, theirs) = (self.cpu_seconds(ours.0, ours.1)?, self.cpu_seconds(theirs.0, theirs.1)?);
        Ok(Ratio::of(ours.into_iter().zip(theirs)))
    }

    /// Every run, nothing taken off.
    pub fn rows(&self) -> impl Iterator<Item = ContestRow> {
        self.runs.iter().flat_map(|((contestant, workload), runs)| {
            runs.iter().enumerate().map(|(round, run)| ContestRow::new(workload, contestant, round, run))
        })
    }

    /// One line a workload and contestant, medians.
    ///
    /// # Errors
    /// When a run is missing.
    pub fn table(&self) -> Result<String, String> {
        let mut text = format!(
            "\n{:<26}{:<22}{:>10}{:>10}{:>10}{:>12}{:>12}\n",
            "workload", "contestant", "CPU ms", "faults", "peak MB", "held/asked", "after drop"
        );
        for &workload in &self.workloads {
            for contestant in self.contestants.iter().filter(|contestant| contestant.can_run(workload)) {
                let name = contestant.name;
                let cpu = middle(self.runs(name, workload)?.iter().map(|run| run.cpu_seconds));
                let faults = middle(self.runs(name, workload)?.iter().map(|run| run.faults as f64));
                let peak = self.fact(name, workload, "peak_resident_bytes")? / 1e6;
                let _ = write!(text, "{workload:<26}{name:<22}{:>10.1}{faults:>10.0}{peak:>10.1}", cpu * 1e3);
                // A peer that does not tell says 0.
                if let (Ok(held), Ok(live_held)) =
                    (self.share(name, workload, HELD), self.share(name, workload, LIVE_HELD))
                    && held > 0.0
                {
                    let _ = write!(text, "{held:>12.3}{live_held:>12.2}");
                }
                text.push('\n');
            }
        }
        text.push('\n');
        Ok(text)
    }

    /// One fact divided by another, medians.
    ///
    /// # Errors
    /// When the contestant did not print one of them.
    pub fn share(&self, contestant: &str, workload: &str, of: (&str, &str)) -> Result<f64, String> {
        Ok(self.fact(contestant, workload, of.0)? / self.fact(contestant, workload, of.1)?)
    }
}

/// Bytes held by bytes requested, all results alive.
pub const HELD: (&str, &str) = ("held_bytes", "requested_bytes");
/// Bytes resident by bytes requested, all results alive.
pub const RESIDENT: (&str, &str) = ("resident_bytes", "requested_bytes");
/// Bytes held by bytes requested, one result in ten alive.
pub const LIVE_HELD: (&str, &str) = ("live_held_bytes", "live_requested_bytes");
