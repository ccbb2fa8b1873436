//! Values of `perf/` that only the command of a profile's targets knows: instructions of single operations, and shares of storage.

use std::collections::{BTreeMap, BTreeSet};

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::benchmarks::FILE;
use super::process::Name;
use crate::cli;
use crate::fixed_bench;
use crate::realtime::Costs;

/// The command that measures a metric of a profile; `None` if it is no metric of these.
pub fn command(profile: &str, metric: &str) -> Option<&'static str> {
    if !["instructions-median", "instructions-most", "longest-path", "unused-share"].contains(&metric) {
        return None;
    }
    match profile {
        "freestanding" => Some("bench-corpus freestanding"),
        "realtime" => Some("bench-corpus realtime"),
        _ => None,
    }
}

/// What the rows need of the commands.
pub struct Figures<'a>(BTreeMap<Task<'a>, Figure>);

/// One run of a program, from which the values of one row or more are read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Task<'a> {
    /// Operations of `realtime`.
    Actor,
    /// Single calls of a workload by a subject, stepped.
    Calls(&'a str, &'a str),
    /// A storage, filled as a workload says by a subject.
    Fill(&'a str, &'a str),
}

/// What such a run showed.
enum Figure {
    Costs(Costs),
    /// Instructions of single calls, the fewest first.
    Stepped(Vec<usize>),
    Share(f64),
}

impl<'a> Task<'a> {
    fn of((profile, workload, subject): Name<'a>, metric: &str) -> Self {
        match (profile, metric) {
            ("realtime", _) => Self::Actor,
            (_, "unused-share") => Self::Fill(workload, subject),
            _ => Self::Calls(workload, subject),
        }
    }

    /// Runs it; `None` if there is no such workload.
    fn run(self) -> Result<Option<Figure>, String> {
        Ok(match self {
            Self::Actor => Some(Figure::Costs(Costs::count()?)),
            Self::Calls(workload, subject) => fixed_bench::stepped(workload, subject)?.map(Figure::Stepped),
            Self::Fill(workload, subject) => fixed_bench::unused_share(workload, subject)?.map(Figure::Share),
        })
    }
}

impl<'a> Figures<'a> {
    /// Runs what rows that have a [`command`] need, several at a time, each once.
    ///
    /// # Errors
    /// When something cannot be built or run.
    pub fn of(rows: impl Iterator<Item = (Name<'a>, &'a str)>) -> Result<Self, String> {
        let tasks: BTreeSet<Task<'a>> = rows.map(|(name, metric)| Task::of(name, metric)).collect();
        let progress = cli::Progress::new("runs", tasks.len());
        let figures: Vec<(Task<'a>, Option<Figure>)> = tasks
            .into_par_iter()
            .map(|task| {
                let figure = task.run()?;
                progress.step();
                Ok((task, figure))
            })
            .collect::<Result<_, String>>()?;
        Ok(Self(figures.into_iter().filter_map(|(task, figure)| Some((task, figure?))).collect()))
    }

    /// The value of a row.
    ///
    /// # Errors
    /// When nothing measures it.
    pub fn value(&self, name: Name<'a>, metric: &str) -> Result<f64, String> {
        let value = match (self.0.get(&Task::of(name, metric)), metric) {
            (Some(Figure::Costs(costs)), _) => costs.of(name.1, metric),
            (Some(Figure::Share(share)), "unused-share") => Some(*share),
            (Some(Figure::Stepped(counts)), "instructions-median") => Some(fixed_bench::at(counts, 0.5)),
            (Some(Figure::Stepped(counts)), "instructions-most") => Some(fixed_bench::at(counts, 1.0)),
            _ => None,
        };
        value.ok_or_else(|| format!("{FILE}: nothing measures {metric} of {} of {}", name.1, name.0))
    }
}
