//! Ratios with their spread: one ratio a round of runs in alternation, its median, and how sure that is.

use crate::measure::{self, ContestRow};

/// The program that does nothing; its cost is taken off the others' where it was run.
const EMPTY: &str = "empty";

/// Less than this was not measured, but the resolution of the kernel's account.
const RESOLUTION: f64 = 1e-4;

/// What is compared of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// User plus system time.
    Cpu,
    /// Highest resident memory.
    PeakResident,
}

impl Figure {
    fn of(self, row: &ContestRow) -> f64 {
        match self {
            Self::Cpu => row.cpu_seconds,
            Self::PeakResident => row.peak_resident_bytes,
        }
    }
}

/// Ratios over the rounds, summed up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The middle one.
    pub median: f64,
    /// With 95 % confidence each, the true median is above the first and below the second; `None` below five rounds.
    pub sure: Option<(f64, f64)>,
    /// The smallest and the largest.
    pub range: (f64, f64),
    /// How many rounds.
    pub rounds: usize,
}

impl Spread {
    /// Of ratios in any order; `None` of none.
    pub fn of(mut ratios: Vec<f64>) -> Option<Self> {
        ratios.sort_unstable_by(f64::total_cmp);
        let (&first, &last) = ratios.first().zip(ratios.last())?;
        let count = ratios.len();
        let sure = measure::upper_rank(count).map(|rank| (ratios[count - rank], ratios[rank - 1]));
        Some(Self { median: measure::median(&ratios), sure, range: (first, last), rounds: count })
    }
}

/// All runs of a contest.
pub struct Contest<'r> {
    rows: &'r [ContestRow],
}

impl<'r> Contest<'r> {
    /// Over these runs.
    pub fn new(rows: &'r [ContestRow]) -> Self {
        Self { rows }
    }

    /// The workloads in the order in which they first ran, without the empty program.
    pub fn workloads(&self) -> Vec<&'r str> {
        let names = distinct(self.rows.iter().map(|row| row.workload.as_str()));
        names.into_iter().filter(|name| *name != EMPTY).collect()
    }

    /// Everybody who ran, in order of appearance.
    pub fn allocators(&self) -> Vec<&'r str> {
        distinct(self.rows.iter().map(|row| row.allocator.as_str()))
    }

    /// The median of a figure, that of the empty program taken off where it was run.
    pub fn median(&self, allocator: &str, workload: &str, figure: Figure) -> Option<f64> {
        Some(measure::middle(self.values(allocator, workload, figure)?.into_iter().map(|(_, value)| value)))
    }

    /// `ours / theirs` round by round; `None` unless both ran.
    pub fn ratio(&self, ours: &str, theirs: &str, workload: &str, figure: Figure) -> Option<Spread> {
        let ours = self.values(ours, workload, figure)?;
        let theirs = self.values(theirs, workload, figure)?;
        let pairs = ours.iter().filter_map(|(round, value)| {
            let (_, other) = theirs.iter().find(|(other, _)| other == round)?;
            Some(value / other)
        });
        Spread::of(pairs.collect())
    }

    /// Round and value of every run; `None` if there is none.
    fn values(&self, allocator: &str, workload: &str, figure: Figure) -> Option<Vec<(usize, f64)>> {
        let empty = if figure == Figure::PeakResident { 0.0 } else { self.empty(allocator, figure) };
        let runs = self.rows.iter().filter(|row| row.allocator == allocator && row.workload == workload);
        let values: Vec<(usize, f64)> =
            runs.map(|row| (row.round, (figure.of(row) - empty).max(RESOLUTION))).collect();
        (!values.is_empty()).then_some(values)
    }

    fn empty(&self, allocator: &str, figure: Figure) -> f64 {
        let runs = self.rows.iter().filter(|row| row.allocator == allocator && row.workload == EMPTY);
        let values: Vec<f64> = runs.map(|row| figure.of(row)).collect();
        if values.is_empty() { 0.0 } else { measure::middle(values) }
    }
}

/// Every name once, in order of appearance.
pub fn distinct<'n>(names: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
    let mut distinct: Vec<&str> = Vec::new();
    for name in names {
        if !distinct.contains(&name) {
            distinct.push(name);
        }
    }
    distinct
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(workload: &str, allocator: &str, round: usize, cpu_seconds: f64) -> ContestRow {
        ContestRow {
            workload: workload.into(),
            allocator: allocator.into(),
            round,
            cpu_seconds,
            peak_resident_bytes: 4096.0,
            page_faults: 0.0,
        }
    }

    #[test]
    fn the_bounds_are_as_far_from_both_ends() {
        let spread = Spread::of((1..=15).map(f64::from).collect()).expect("there are ratios");
        assert_eq!((spread.median, spread.sure, spread.range), (8.0, Some((4.0, 12.0)), (1.0, 15.0)));
        let few = Spread::of(vec![3.0, 1.0, 2.0]).expect("there are ratios");
        assert_eq!((few.median, few.sure, few.rounds), (2.0, None, 3));
        assert_eq!(Spread::of(Vec::new()), None);
    }

    #[test]
    fn runs_are_paired_by_round_and_the_empty_program_is_taken_off() {
        let rows = [
            row("empty", "ours", 0, 1.0),
            row("load", "ours", 0, 3.0),
            row("load", "ours", 1, 5.0),
            row("load", "peer", 1, 8.0),
            row("load", "peer", 0, 1.0),
        ];
        let contest = Contest::new(&rows);
        assert_eq!(contest.workloads(), ["load"]);
        let spread = contest.ratio("ours", "peer", "load", Figure::Cpu).expect("both ran");
        assert_eq!(spread.range, (0.5, 2.0));
        assert_eq!(contest.ratio("ours", "nobody", "load", Figure::Cpu), None);
        assert_eq!(contest.median("ours", "load", Figure::Cpu), Some(3.0));
    }
}
