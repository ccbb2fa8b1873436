//! TARGETS E1 and E2: random actions in alternation, and how much of the storage is usable.

use std::collections::BTreeMap;
use std::path::Path;

use super::{OURS, subjects};
use crate::measure::{self, Ratio, middle};
use crate::verdict::Verdict;

/// Rounds of filling, by what is filled with.
const ROUNDS: &[(&str, &str)] =
    &[("200", "6"), ("1000", "6"), ("2000", "6"), ("3000", "6"), ("10000", "6"), ("mixed", "40")];

/// Peers that leave more of the storage unused buy their speed with it, and set no bar.
const USABLE_MIN: f64 = 0.6;

/// Subjects that are not run where they would take minutes.
const SLOW: &[&str] = &["linked-list"];

/// The share of the storage that was in use at the first refusal: mean and least, by what was filled with and subject.
pub struct Shares(BTreeMap<(&'static str, &'static str), (f64, f64)>);

/// Fills the storage with one subject: the mean and the least share in use at the first refusal.
fn share(program: &Path, subject: &str, fill: &str, rounds: &str) -> Result<(f64, f64), String> {
    let run = measure::run(program, &[subject, "usable", fill, rounds], &[])?;
    let share = |name| run.fact(name).map(|millionths| millionths as f64 / 1e6);
    Ok((share("mean_millionths")?, share("least_millionths")?))
}

/// The mean share of the storage that a subject leaves unused at the first refusal, for what [`E2`](self) fills with.
///
/// # Errors
/// When there is no such filling, or the worker fails.
pub fn unused(program: &Path, subject: &str, fill: &str) -> Result<f64, String> {
    let (_, rounds) =
        ROUNDS.iter().find(|(name, _)| *name == fill).ok_or_else(|| format!("nothing fills with {fill}"))?;
    Ok(1.0 - share(program, subject, fill, rounds)?.0)
}

/// Fills the storage with every subject.
///
/// # Errors
/// When a worker fails.
pub fn shares(program: &Path) -> Result<Shares, String> {
    let mut shares = BTreeMap::new();
    println!("{:<12}{:<10}{:>10}{:>10}", "subject", "fill", "usable", "least");
    for subject in subjects().filter(|subject| !SLOW.contains(subject)) {
        for (fill, rounds) in ROUNDS {
            let (mean, least) = share(program, subject, fill, rounds)?;
            println!("{subject:<12}{fill:<10}{:>9.2}%{:>9.2}%", mean * 1e2, least * 1e2);
            shares.insert((*fill, subject), (mean, least));
        }
    }
    println!("{} is not filled: its free walks the free list and takes minutes", SLOW.join(", "));
    Ok(Shares(shares))
}

impl Shares {
    /// TARGETS E2. A bar from below: the value is what is not usable.
    ///
    /// # Errors
    /// When a fill is missing.
    pub fn verdicts(&self) -> Result<Vec<Verdict>, String> {
        let bars = [
            ("200", 0.85, "sizes up to 200"),
            ("2000", 0.96, "sizes up to 2000"),
            ("mixed", 0.95, "mixed, with realloc"),
        ];
        let verdict = |(fill, bar, what): (&'static str, f64, &str)| {
            let (mean, least) = self.0.get(&(fill, OURS)).ok_or_else(|| format!("{fill} was not filled"))?;
            let mut verdict = Verdict::new("E2", format!("{what}: share not usable"), 1.0 - mean, 1.0 - bar);
            verdict.note = format!("usable {:.2} %, least {:.2} %", mean * 1e2, least * 1e2);
            Ok(verdict)
        };
        bars.into_iter().map(verdict).collect()
    }
}

/// TARGETS E1: at each size, our CPU time by that of the best peer that leaves enough usable; at 200 it must be a tenth less.
///
/// # Errors
/// When a worker fails.
pub fn times(program: &Path, pairs: usize, actions: usize, shares: &Shares) -> Result<Vec<Verdict>, String> {
    let mut verdicts = Vec::new();
    let (count, contestants): (String, Vec<&str>) = (actions.to_string(), subjects().collect());
    println!("\n{:<8}{:<14}{:>12}{:>16}{:>10}", "size", "subject", "ns/action", "ours by it", "bound");
    for size in bench_measured::fixed::SIZES {
        let size = size.to_string();
        let mut seconds: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for round in 0..pairs {
            for turn in 0..contestants.len() {
                let subject = contestants[(round + turn) % contestants.len()];
                let run = measure::run(program, &[subject, "actions", &size, &count], &[])?;
                if run.fact("refused")? != 0 {
                    return Err(format!("{subject} refused {} actions at {size}", run.fact("refused")?));
                }
                seconds.entry(subject).or_default().push(run.cpu_seconds);
            }
        }
        let ours = &seconds[OURS];
        let mut best: Option<(&str, f64)> = None;
        for (subject, theirs) in &seconds {
            let ratio = Ratio::of(ours.iter().copied().zip(theirs.iter().copied()));
            let nanoseconds = middle(theirs.iter().copied()) / actions as f64 * 1e9;
            println!("{size:<8}{subject:<14}{nanoseconds:>12.1}{:>16.3}{:>10.3}", ratio.median, ratio.bound);
            let usable = shares.0.get(&(size_name(&size), *subject)).map_or(0.0, |(mean, _)| *mean);
            let is_peer = !["ours", "region"].contains(subject) && usable >= USABLE_MIN;
            if is_peer && best.is_none_or(|(_, least)| nanoseconds < least) {
                best = Some((subject, nanoseconds));
            }
        }
        if let Some((peer, _)) = best {
            let ratio = Ratio::of(ours.iter().copied().zip(seconds[peer].iter().copied()));
            let bar = if size == "200" { 0.9 } else { 1.0 };
            verdicts.push(Verdict::ratio(
                "E1",
                format!("actions up to {size} bytes: CPU by {peer}'s"),
                ratio,
                bar,
            ));
        }
    }
    Ok(verdicts)
}

/// The fill with sizes up to that of the actions.
fn size_name(size: &str) -> &'static str {
    ROUNDS.iter().find(|(fill, _)| *fill == size).map_or("", |(fill, _)| fill)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_timed_size_is_also_filled() {
        for size in bench_measured::fixed::SIZES {
            assert!(!size_name(&size.to_string()).is_empty(), "{size}");
        }
        for (fill, _) in ROUNDS {
            assert!(bench_measured::fixed::FILLS.contains(fill), "{fill}");
        }
    }

    #[test]
    fn a_share_below_the_bar_misses_the_target() {
        let shares = |mean| Shares(["200", "2000", "mixed"].map(|fill| ((fill, OURS), (mean, mean))).into());
        assert!(shares(0.97).verdicts().unwrap().iter().all(|verdict| verdict.is_met));
        let met: Vec<bool> = shares(0.955).verdicts().unwrap().iter().map(|verdict| verdict.is_met).collect();
        assert_eq!(met, [true, false, true]);
        assert!(Shares(BTreeMap::new()).verdicts().is_err());
    }
}
