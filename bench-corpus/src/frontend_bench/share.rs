//! The allocator's share of the frontend: the same passes over our arenas, bumpalo and a `Box` for every node, with glibc's malloc and
//! mimalloc below, a program a pair (package `bench-frontend`).
//!
//! A process runs the passes up to a certain one, so what one pass costs is the difference of two processes of the same round.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::cli;
use crate::corpus::unit::Unit;
use crate::measure::{self, ContestRow, Ratio, Run, middle};
use crate::step::programs;

/// The memories, ours first.
const MEMORIES: [&str; 4] = ["ours", "bumpalo", "box", "box-leaked"];
/// What is below them, and whether this program was built with it.
const BELOW: [(&str, bool); 2] =
    [("glibc", cfg!(feature = "peers")), ("mimalloc", cfg!(feature = "peer-mimalloc"))];
/// How far the passes go; the first does nothing.
const STAGES: [&str; 5] = ["start", "preprocess", "parse", "check", "keep-trees"];
/// What each stage does more than another, and the whole of the two last: name, stage, stage that is taken off.
const PASSES: [(&str, usize, usize); 6] = [
    ("lex and preprocess", 1, 0),
    ("parse", 2, 1),
    ("check", 3, 2),
    ("all of these", 3, 0),
    ("keep the trees", 4, 3),
    ("all, trees kept", 4, 0),
];

/// A program: a memory over a global allocator.
struct Pair {
    memory: &'static str,
    below: &'static str,
    program: PathBuf,
}

impl Pair {
    /// As in the program's name.
    fn name(&self) -> String {
        format!("{}-{}", self.memory, self.below)
    }

    /// Runs it, and sees that what is below is what it is called after.
    fn run(&self, arguments: &[&str]) -> Result<Run, String> {
        let run = measure::run(&self.program, arguments, &[])?;
        let is_glibc = u64::from(self.below == "glibc");
        if run.fact("below_is_as_named")? != 1 || run.fact("below_is_glibc")? != is_glibc {
            return Err(format!("{} does not run on {}", self.program.display(), self.below));
        }
        Ok(run)
    }
}

/// The programs, and what they read.
pub struct Share {
    pairs: Vec<Pair>,
    commands: String,
    /// Rounds of the passes in a process; with more than one the last is measured.
    rounds: usize,
    lines: u64,
}

/// Runs by program and stage, in the order of the rounds.
pub type Runs = BTreeMap<(usize, usize), Vec<Run>>;

impl Share {
    /// Builds the programs, for `units` whose list of commands is `commands`.
    ///
    /// # Errors
    /// When this program was built without the peers, or one cannot be built.
    pub fn new(units: &[Unit], commands: &Path, rounds: usize) -> Result<Self, String> {
        if cfg!(not(feature = "peers")) {
            return Err(
                "this program was built without the peers; build it with `--features peer-mimalloc`".into()
            );
        }
        let features = if cfg!(feature = "peer-mimalloc") { "peer-mimalloc" } else { "peers" };
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("frontend");
        let messages = programs::build_package(&folder, &["--features", features, "--bins"])?;
        let mut pairs = Vec::new();
        for (below, is_here) in BELOW {
            if !is_here {
                eprintln!("          left out: {below}; build this program with `--features peer-{below}`");
                continue;
            }
            for memory in MEMORIES {
                let program = programs::executable_named(&messages, &format!("{memory}-{below}"))?;
                pairs.push(Pair { memory, below, program });
            }
        }
        let lines = units.iter().map(|unit| unit.pp_lines).sum();
        Ok(Self { pairs, commands: commands.display().to_string(), rounds, lines })
    }

    /// Sees that all programs do the same at every stage: as many tokens, declarations, functions, findings with equal texts in one order, and
    /// memory asked for as often and as much. What the last stage came to.
    ///
    /// # Errors
    /// Where two differ.
    pub fn equal_results(&self) -> Result<Vec<BTreeMap<String, u64>>, String> {
        let mut all = Vec::new();
        for stage in &STAGES[1..] {
            let mut first: Option<BTreeMap<String, u64>> = None;
            for pair in &self.pairs {
                let mut facts = pair.run(&[&self.commands, stage, "1", "results"])?.facts;
                facts.retain(|name, _| !name.starts_with("below") && name != "peak_resident_bytes");
                match &first {
                    None => first = Some(facts),
                    Some(first) if *first == facts => {}
                    Some(first) => {
                        return Err(format!("{} differs in {stage}: {facts:?}, not {first:?}", pair.name()));
                    }
                }
            }
            all.extend(first);
        }
        Ok(all)
    }

    /// Runs `rounds` rounds; in each, every program runs every stage, the first being another one each round.
    ///
    /// # Errors
    /// When a program fails, or does not run on what it is called after.
    pub fn run(&self, rounds: usize) -> Result<Runs, String> {
        let progress = cli::Progress::new("runs", rounds * STAGES.len() * self.pairs.len());
        let process_rounds = self.rounds.to_string();
        let mut runs = Runs::new();
        for round in 0..rounds {
            for (at, stage) in STAGES.iter().enumerate() {
                for turn in 0..self.pairs.len() {
                    let pair = (round + turn) % self.pairs.len();
                    let mut run = self.pairs[pair].run(&[&self.commands, stage, &process_rounds])?;
                    if self.rounds > 1 {
                        run.cpu_seconds = run.fact("last_round_cpu_us")? as f64 / 1e6;
                        run.faults = run.fact("last_round_faults")?;
                    }
                    runs.entry((pair, at)).or_default().push(run);
                    progress.step();
                }
            }
        }
        Ok(runs)
    }

    /// A row a run.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn write_rows(&self, runs: &Runs) -> Result<(), String> {
        let rows = runs.iter().flat_map(|(&(pair, stage), runs)| {
            let name = self.pairs[pair].name();
            runs.iter().enumerate().map(move |(round, run)| ContestRow::new(STAGES[stage], &name, round, run))
        });
        measure::write_rows(rows, std::io::stdout().lock())
    }

    /// What each pass takes on each memory, and ours by it.
    pub fn table(&self, runs: &Runs, results: &[BTreeMap<String, u64>]) -> String {
        let mut text = String::new();
        if let Some(last) = results.last() {
            let fact = |name: &str| last.get(name).copied().unwrap_or(0);
            let _ = writeln!(
                text,
                "{} programs came to the same: {} tokens, {} functions, {} findings in equal words",
                self.pairs.len(),
                fact("tokens"),
                fact("functions"),
                fact("findings")
            );
        }
        for (name, stage, off) in PASSES {
            let asked = |fact| {
                let of = |stage: usize| stage.checked_sub(1).map_or(0, |at| results[at][fact]);
                of(stage) as f64 - of(off) as f64
            };
            let _ = writeln!(
                text,
                "\n{name}: asks {:.1} thousand times for {:.1} MB, {:.2} times a line\n",
                asked("allocations") / 1e3,
                asked("asked_bytes") / 1e6,
                asked("allocations") / self.lines as f64
            );
            let _ = writeln!(
                text,
                "{:<12}{:<10}{:>10}{:>22}{:>10}{:>10}",
                "memory", "below", "CPU ms", "ours by it (bound)", "faults", "peak MB"
            );
            for (at, pair) in self.pairs.iter().enumerate() {
                let cpu = difference(runs, at, stage, off, |run| run.cpu_seconds);
                let faults = difference(runs, at, stage, off, |run| run.faults as f64);
                let peak = middle(runs[&(at, stage)].iter().map(|run| run.peak_resident_bytes() as f64));
                let ours = self
                    .pairs
                    .iter()
                    .position(|other| other.memory == MEMORIES[0] && other.below == pair.below);
                let ours = ours.expect("ours is over all that is below");
                let ours_cpu = difference(runs, ours, stage, off, |run| run.cpu_seconds);
                let ratio = match ours == at {
                    true => String::new(),
                    false => ours_by(&ours_cpu, &cpu),
                };
                let _ = writeln!(
                    text,
                    "{:<12}{:<10}{:>10.1}{ratio:>22}{:>10.0}{:>10.1}",
                    pair.memory,
                    pair.below,
                    middle(cpu) * 1e3,
                    middle(faults),
                    peak / 1e6
                );
            }
        }
        text
    }
}

/// Ours by theirs, round by round: the median and what it is below with 95 % confidence. Nothing where a difference is lost in the noise, so that
/// it came out as less than nothing in some round.
fn ours_by(ours: &[f64], theirs: &[f64]) -> String {
    if ours.iter().chain(theirs).any(|&seconds| seconds <= 0.0) {
        return "-".to_owned();
    }
    let ratio = Ratio::of(ours.iter().copied().zip(theirs.iter().copied()));
    format!("{:.3} ({:.3})", ratio.median, ratio.bound)
}

/// What a program's runs of `stage` took more than those of `off`, round by round.
fn difference(runs: &Runs, pair: usize, stage: usize, off: usize, figure: impl Fn(&Run) -> f64) -> Vec<f64> {
    let of = |stage: usize| runs[&(pair, stage)].iter().map(&figure);
    of(stage).zip(of(off)).map(|(more, less)| more - less).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(programs: &[(&'static str, &'static str)]) -> Share {
        let pair = |&(memory, below)| Pair { memory, below, program: PathBuf::from("/bin/sh") };
        Share { pairs: programs.iter().map(pair).collect(), commands: String::new(), rounds: 1, lines: 1000 }
    }

    #[test]
    fn a_program_that_runs_on_another_allocator_than_its_name_says_is_refused() {
        let says = |named: u32, glibc: u32| {
            format!("echo 'below_is_as_named\t{named}'; echo 'below_is_glibc\t{glibc}'")
        };
        let share = share(&[("box", "glibc"), ("box", "mimalloc")]);
        for (pair, named, glibc, is_good) in [
            (0, 1, 1, true),
            (1, 1, 0, true),
            (0, 0, 0, false),
            (0, 1, 0, false),
            (1, 1, 1, false),
            (1, 0, 0, false),
        ] {
            let run = share.pairs[pair].run(&["-c", &says(named, glibc)]);
            assert_eq!(run.is_ok(), is_good, "{pair} {named} {glibc}: {run:?}");
        }
        assert!(share.pairs[0].run(&["-c", "true"]).is_err());
    }

    #[test]
    fn a_pass_is_what_its_stage_takes_more_than_the_one_before() {
        let share = share(&[("ours", "glibc"), ("box", "glibc")]);
        let mut runs = Runs::new();
        for (pair, cpu) in [(0, [1.0, 2.0, 3.0, 4.0, 5.0]), (1, [1.0, 3.0, 5.0, 9.0, 10.0])] {
            for (stage, cpu_seconds) in cpu.into_iter().enumerate() {
                let run = Run { cpu_seconds, faults: 10 * stage as u64, ..Run::default() };
                runs.insert((pair, stage), vec![run; 15]);
            }
        }
        let results = (1..=4).map(|stage| {
            BTreeMap::from([("allocations".to_owned(), 1000 * stage), ("asked_bytes".to_owned(), 0)])
        });
        let table = share.table(&runs, &results.collect::<Vec<_>>());
        let parts: Vec<&str> = table.split("\n\n").collect();
        let check = parts
            .iter()
            .position(|part| part.trim_start().starts_with("check:"))
            .expect("there is a part on the check");
        assert!(parts[check].contains("asks 1.0 thousand times for 0.0 MB, 1.00 times a line"), "{table}");
        let row = parts[check + 1].lines().find(|line| line.starts_with("box")).expect("boxes have a row");
        let cells: Vec<&str> = row.split_whitespace().collect();
        assert_eq!(cells, ["box", "glibc", "4000.0", "0.250", "(0.250)", "10", "0.0"]);
        assert_eq!(ours_by(&[1.0; 15], &[-0.5; 15]), "-");
    }
}
