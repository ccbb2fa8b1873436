//! The same programs under every allocator, in alternation.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::peer::Peer;
use crate::cli;
use crate::measure::{self, Ratio, Run};

/// One program to run under every allocator.
#[derive(Clone, Debug)]
pub struct Task {
    /// Its name in tables.
    pub name: &'static str,
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Variables it needs, whatever the allocator.
    pub environment: &'static [(&'static str, &'static str)],
}

/// All runs, by allocator and task, in the order of the rounds.
#[derive(Debug, Default)]
pub struct Contest {
    runs: BTreeMap<(String, &'static str), Vec<Run>>,
    failures: BTreeMap<(String, &'static str), String>,
}

/// What is compared of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// User plus system time.
    CpuSeconds,
    /// Highest resident memory.
    PeakResidentBytes,
    /// Page faults.
    Faults,
}

impl Figure {
    /// The figure of one run.
    pub fn of(self, run: &Run) -> f64 {
        match self {
            Self::CpuSeconds => run.cpu_seconds.max(1e-4),
            Self::PeakResidentBytes => run.peak_resident_bytes() as f64,
            Self::Faults => run.faults as f64,
        }
    }
}

impl Contest {
    /// Runs every task under every allocator `rounds` times, the first being another allocator each round, so that slow moments of the machine
    /// meet all of them. An allocator that fails a task is out of it; the others go on.
    pub fn run(peers: &[Peer], tasks: &[Task], rounds: usize) -> Self {
        let mut contest = Self::default();
        let bar = cli::progress_bar(rounds * tasks.len() * peers.len());
        for round in 0..rounds {
            for task in tasks {
                for turn in 0..peers.len() {
                    contest.take_turn(&peers[(round + turn) % peers.len()], task);
                    bar.inc(1);
                }
            }
        }
        bar.finish_and_clear();
        contest
    }

    fn take_turn(&mut self, peer: &Peer, task: &Task) {
        let key = (peer.name.to_owned(), task.name);
        if self.failures.contains_key(&key) {
            return;
        }
        let arguments: Vec<&str> = task.arguments.iter().map(String::as_str).collect();
        let mut environment = peer.environment();
        environment.extend(task.environment);
        environment.push(("RUST_BACKTRACE", "0"));
        match measure::run(&task.program, &arguments, &environment) {
            Ok(run) => self.runs.entry(key).or_default().push(run),
            Err(reason) => {
                self.runs.remove(&key);
                self.failures.insert(key, reason);
            }
        }
    }

    /// The runs of one allocator on one task; `None` when it failed or took no part.
    pub fn runs(&self, peer: &str, task: &str) -> Option<&[Run]> {
        let found = self.runs.iter().find(|(key, _)| key.0 == peer && key.1 == task);
        found.map(|(_, runs)| runs.as_slice())
    }

    /// Who failed what, and how.
    pub fn failures(&self) -> impl Iterator<Item = String> {
        self.failures.iter().map(|((peer, task), reason)| format!("{peer} failed {task}: {reason}"))
    }

    /// Every run with its allocator, task and round.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str, usize, &Run)> {
        self.runs.iter().flat_map(|((peer, task), runs)| {
            runs.iter().enumerate().map(move |(round, run)| (peer.as_str(), *task, round, run))
        })
    }

    /// Median of a figure.
    pub fn median(&self, peer: &str, task: &str, figure: Figure) -> Option<f64> {
        Some(measure::middle(self.runs(peer, task)?.iter().map(|run| figure.of(run))))
    }

    /// A figure of one allocator by another's, round by round.
    pub fn pairs(&self, ours: &str, theirs: &str, task: &str, figure: Figure) -> Option<Vec<(f64, f64)>> {
        let (ours, theirs) = (self.runs(ours, task)?, self.runs(theirs, task)?);
        Some(ours.iter().map(|run| figure.of(run)).zip(theirs.iter().map(|run| figure.of(run))).collect())
    }

    /// The ratio of those pairs, when there are enough of them.
    pub fn ratio(&self, ours: &str, theirs: &str, task: &str, figure: Figure) -> Option<Ratio> {
        self.pairs(ours, theirs, task, figure).filter(|pairs| pairs.len() >= PAIRS_FOR_A_BOUND).map(Ratio::of)
    }

    /// The geometric mean of the ratios over all tasks that both finished, a value a round, and how many tasks that were.
    pub fn geometric_mean(
        &self,
        ours: &str,
        theirs: &str,
        tasks: &[Task],
        figure: Figure,
    ) -> (Vec<f64>, usize) {
        let common: Vec<Vec<(f64, f64)>> =
            tasks.iter().filter_map(|task| self.pairs(ours, theirs, task.name, figure)).collect();
        let rounds = common.iter().map(Vec::len).min().unwrap_or(0);
        let means = (0..rounds).map(|round| {
            let logarithms: f64 = common.iter().map(|pairs| (pairs[round].0 / pairs[round].1).ln()).sum();
            (logarithms / common.len() as f64).exp()
        });
        (means.collect(), common.len())
    }
}

/// Fewer pairs than this have no 95 % bound.
pub const PAIRS_FOR_A_BOUND: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    fn task(name: &'static str, script: &str) -> Task {
        Task {
            name,
            program: PathBuf::from("/bin/sh"),
            arguments: vec!["-c".to_owned(), script.to_owned()],
            environment: &[],
        }
    }

    fn run(cpu_seconds: f64) -> Run {
        Run { cpu_seconds, ..Run::default() }
    }

    #[test]
    fn who_fails_a_task_is_out_of_it_and_the_others_go_on() {
        let peers = [Peer::of_the_system("a"), Peer::of_the_system("b")];
        let tasks = [task("good", "printf 'peak_resident_bytes\\t4096\\n'"), task("bad", "exit 3")];
        let contest = Contest::run(&peers, &tasks, 2);
        assert_eq!(contest.runs("a", "good").map(<[Run]>::len), Some(2));
        assert_eq!(contest.median("b", "good", Figure::PeakResidentBytes), Some(4096.0));
        assert_eq!(contest.runs("a", "bad"), None);
        assert_eq!(contest.failures().count(), 2);
    }

    #[test]
    fn the_geometric_mean_is_taken_over_the_tasks_both_finished() {
        let mut contest = Contest::default();
        for (peer, task, seconds) in
            [("a", "one", 1.0), ("b", "one", 4.0), ("a", "two", 1.0), ("b", "two", 1.0), ("a", "three", 9.0)]
        {
            contest.runs.insert((peer.to_owned(), task), vec![run(seconds); 3]);
        }
        let tasks = [task("one", ""), task("two", ""), task("three", "")];
        let (means, common) = contest.geometric_mean("a", "b", &tasks, Figure::CpuSeconds);
        assert_eq!(common, 2);
        assert_eq!(means.len(), 3);
        assert!(means.iter().all(|mean| (mean - 0.5).abs() < 1e-12));
    }
}
