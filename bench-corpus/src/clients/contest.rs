//! The programs of one client, run in alternation, and what each of their rounds cost.

use std::path::{Path, PathBuf};

use super::Client;
use super::build::{GLIBC, OURS, REGISTRY};
use crate::cli::Progress;
use crate::instructions;
use crate::measure::{self, Run, middle};

/// The first round that counts as warm.
pub const WARM_ROUND: usize = 3;

/// One program of a client.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Whose arenas.
    pub arenas: &'static str,
    /// The global allocator.
    pub allocator: &'static str,
    /// The program.
    pub program: PathBuf,
}

/// All runs of one client.
#[derive(Debug)]
pub struct Contest {
    /// The client.
    pub client: Client,
    /// Its programs, and what each did, in the order of the turns.
    pub entries: Vec<Entry>,
    rounds: usize,
}

/// One program and its runs.
#[derive(Debug)]
pub struct Entry {
    /// The program.
    pub setup: Setup,
    /// A process each.
    pub runs: Vec<Rounds>,
    /// Instructions of the second round, where they were counted.
    pub instructions: Option<f64>,
}

/// What one process said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rounds {
    /// Page faults of each round.
    pub faults: Vec<u64>,
    /// CPU time of each round, microseconds.
    pub cpu_us: Vec<u64>,
    /// Highest resident memory until the last measured round.
    pub peak_bytes: u64,
    /// Resident memory after it, when everything that was compiled is dropped.
    pub idle_bytes: u64,
    /// Resident memory after idle memory of our arenas was given back on request.
    pub trimmed_bytes: u64,
    /// File mappings among all of these: the program itself.
    pub file_bytes: u64,
    /// How many outputs the client put out, and their digest.
    pub output: (u64, u64),
}

impl Rounds {
    /// Reads the facts that a process printed.
    ///
    /// # Errors
    /// When one is missing.
    pub fn of(run: &Run, rounds: usize) -> Result<Self, String> {
        let each = |what: &str| {
            (1..=rounds)
                .map(|round| run.fact(&format!("round-{round}-{what}")))
                .collect::<Result<Vec<_>, _>>()
        };
        Ok(Self {
            faults: each("faults")?,
            cpu_us: each("cpu-us")?,
            peak_bytes: run.fact("peak-bytes")?,
            idle_bytes: run.fact("idle-bytes")?,
            trimmed_bytes: run.fact("trimmed-bytes")?,
            file_bytes: run.fact("file-bytes")?,
            output: (run.fact("outputs")?, run.fact("digest")?),
        })
    }

    /// Page faults of the warm rounds.
    pub fn warm_faults(&self) -> &[u64] {
        &self.faults[WARM_ROUND - 1..]
    }

    /// CPU time of a warm round, the mean of them.
    pub fn warm_cpu_us(&self) -> f64 {
        let warm = &self.cpu_us[WARM_ROUND - 1..];
        warm.iter().sum::<u64>() as f64 / warm.len() as f64
    }
}

impl Entry {
    /// The median over the runs of what `figure` says of each.
    pub fn median(&self, figure: impl Fn(&Rounds) -> f64) -> f64 {
        middle(self.runs.iter().map(figure))
    }

    /// The median of the page faults of all warm rounds of all runs.
    pub fn warm_faults(&self) -> f64 {
        middle(self.runs.iter().flat_map(Rounds::warm_faults).map(|&faults| faults as f64))
    }
}

impl Contest {
    /// A contest of these programs, none of which has run.
    pub fn new(client: Client, setups: Vec<Setup>, rounds: usize) -> Self {
        let entries = setups.into_iter().map(|setup| Entry { setup, runs: Vec::new(), instructions: None });
        Self { client, entries: entries.collect(), rounds }
    }

    /// Runs every program `turns` times, each turn another one first, so that slow moments of the machine meet all of them.
    ///
    /// # Errors
    /// When a program fails or does not say what it should.
    pub fn run(&mut self, input: &Path, turns: usize) -> Result<(), String> {
        let count = self.entries.len();
        let progress = Progress::new("runs", turns * count);
        let rounds = self.rounds.to_string();
        let arguments = self.client.arguments(&rounds, input)?;
        for turn in 0..turns {
            for place in 0..count {
                let entry = &mut self.entries[(turn + place) % count];
                let run = measure::run(&entry.setup.program, &arguments, &[])?;
                entry.runs.push(Rounds::of(&run, self.rounds)?);
                progress.step();
            }
        }
        Ok(())
    }

    /// Counts the instructions of a round of the programs over the system's allocator: what a second round adds to one. They do not
    /// depend on what is warm, and callgrind takes fifty times as long.
    ///
    /// # Errors
    /// When a program cannot be run by callgrind.
    pub fn count_instructions(&mut self, input: &Path) -> Result<(), String> {
        let client = self.client;
        for entry in self.entries.iter_mut().filter(|entry| entry.setup.allocator == GLIBC) {
            eprintln!(
                "          counting instructions of {} with the arenas of {}",
                client.name, entry.setup.arenas
            );
            let of_rounds = |rounds: &str| {
                instructions::of_process(&entry.setup.program, &client.arguments(rounds, input)?, &[])
                    .map(|counted| counted.instructions)
            };
            entry.instructions = Some(of_rounds("2")? - of_rounds("1")?);
        }
        Ok(())
    }

    /// The programs with the client's own arenas and with ours over the system's allocator, if both took part.
    pub fn duel(&self) -> Option<(&Entry, &Entry)> {
        self.entry(REGISTRY, GLIBC).zip(self.entry(OURS, GLIBC))
    }

    /// Our arenas beside the client's own over each global allocator with which both took part.
    pub fn duels(&self) -> impl Iterator<Item = (&Entry, &Entry)> {
        let of_registry = self.entries.iter().filter(|entry| entry.setup.arenas == REGISTRY);
        of_registry.filter_map(|registry| Some((registry, self.entry(OURS, registry.setup.allocator)?)))
    }

    /// One program.
    pub fn entry(&self, arenas: &str, allocator: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.setup.arenas == arenas && entry.setup.allocator == allocator)
    }

    /// A row a round of every run.
    pub fn rows(&self) -> Vec<RoundRow> {
        let mut rows = Vec::new();
        for entry in &self.entries {
            for (turn, run) in entry.runs.iter().enumerate() {
                for (round, (&page_faults, &cpu_us)) in run.faults.iter().zip(&run.cpu_us).enumerate() {
                    rows.push(RoundRow {
                        client: self.client.name,
                        arenas: entry.setup.arenas,
                        allocator: entry.setup.allocator,
                        turn: turn + 1,
                        round: round + 1,
                        cpu_us,
                        page_faults,
                        peak_resident_bytes: run.peak_bytes,
                        idle_resident_bytes: run.idle_bytes,
                        trimmed_resident_bytes: run.trimmed_bytes,
                    });
                }
            }
        }
        rows
    }
}

/// One round, as `--csv` writes it.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct RoundRow {
    client: &'static str,
    arenas: &'static str,
    allocator: &'static str,
    /// From 1; processes of one turn stood beside each other in time.
    turn: usize,
    /// From 1.
    round: usize,
    cpu_us: u64,
    page_faults: u64,
    /// Of the whole process.
    peak_resident_bytes: u64,
    /// Of the whole process.
    idle_resident_bytes: u64,
    /// Of the whole process, after `trim(0)`.
    trimmed_resident_bytes: u64,
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A contest of two programs over the system's allocator, with these runs.
    pub fn duel(registry: Vec<Rounds>, ours: Vec<Rounds>) -> Contest {
        let setup = |arenas| Setup { arenas, allocator: GLIBC, program: PathBuf::new() };
        let client = Client { name: "client", program: "client", input: "input", flag: None };
        let mut contest = Contest::new(client, vec![setup(REGISTRY), setup(OURS)], 4);
        contest.entries[0].runs = registry;
        contest.entries[1].runs = ours;
        contest
    }

    /// Rounds with these faults and CPU times.
    pub fn rounds(faults: [u64; 4], cpu_us: [u64; 4]) -> Rounds {
        Rounds {
            faults: faults.into(),
            cpu_us: cpu_us.into(),
            peak_bytes: 100,
            idle_bytes: 100,
            trimmed_bytes: 100,
            file_bytes: 10,
            output: (1, 7),
        }
    }

    #[test]
    fn what_a_process_says_is_read_by_name_and_a_missing_fact_is_an_error() {
        let facts = [
            ("round-1-faults", 9),
            ("round-1-cpu-us", 8),
            ("peak-bytes", 7),
            ("idle-bytes", 6),
            ("trimmed-bytes", 2),
            ("file-bytes", 3),
            ("outputs", 5),
            ("digest", 4),
        ];
        let facts = facts.map(|(name, value)| (name.to_owned(), value));
        let run = Run { facts: facts.into(), ..Run::default() };
        let expected = Rounds {
            faults: vec![9],
            cpu_us: vec![8],
            peak_bytes: 7,
            idle_bytes: 6,
            trimmed_bytes: 2,
            file_bytes: 3,
            output: (5, 4),
        };
        assert_eq!(Rounds::of(&run, 1), Ok(expected));
        assert!(Rounds::of(&run, 2).expect_err("there was one round").contains("round-2-faults"));
    }

    #[test]
    fn only_warm_rounds_count() {
        let contest = duel(vec![rounds([900, 90, 10, 20], [50, 40, 10, 30])], Vec::new());
        let entry = contest.entry(REGISTRY, GLIBC).expect("it takes part");
        assert_eq!(entry.warm_faults(), 15.0);
        assert_eq!(entry.median(Rounds::warm_cpu_us), 20.0);
    }

    #[test]
    fn a_row_is_a_round() {
        let rows = duel(vec![rounds([4, 3, 2, 1], [8, 7, 6, 5])], vec![rounds([0; 4], [1; 4])]).rows();
        assert_eq!(rows.len(), 8);
        assert_eq!(
            (rows[1].arenas, rows[1].turn, rows[1].round, rows[1].page_faults, rows[1].cpu_us),
            (REGISTRY, 1, 2, 3, 7)
        );
    }
}
