//! TARGETS C1: what one line in a manifest has to bring to a compiler.

use std::collections::BTreeSet;

use super::contest::{Contest, Entry, Rounds};
use crate::heap_bench::PAIRS_FOR_A_BOUND;
use crate::measure::Ratio;
use crate::verdict::Verdict;

/// Our faults of a warm round by the client's own.
const FAULTS_MAX: f64 = 0.1;
/// So few faults a round are enough, whatever the client's own arenas do.
const FAULTS_ENOUGH: f64 = 16.0;
const CPU_MAX: f64 = 0.9;
const PEAK_MAX: f64 = 1.0;
const IDLE_MAX: f64 = 1.25;

/// The verdicts on one client: on its outputs, and, if both took part, on our arenas beside its own over the system's allocator.
pub fn of(contest: &Contest) -> Vec<Verdict> {
    let client = contest.client;
    let outputs: BTreeSet<(u64, u64)> =
        contest.entries.iter().flat_map(|entry| &entry.runs).map(|run| run.output).collect();
    let mut verdicts = vec![Verdict::new(
        "C1",
        format!("{client}: different outputs of all runs"),
        outputs.len() as f64,
        1.0,
    )];
    let Some((registry, ours)) = contest.duel() else { return verdicts };
    let theirs = registry.warm_faults();
    let bar = (FAULTS_MAX * theirs).max(FAULTS_ENOUGH);
    let faults =
        Verdict::new("C1", format!("{client}: page faults of a warm round"), ours.warm_faults(), bar);
    verdicts.push(Verdict { note: format!("{theirs:.0} with its own arenas"), ..faults });
    verdicts.push(ratio(client, "CPU time of a warm round", registry, ours, Rounds::warm_cpu_us, CPU_MAX));
    for (what, figure, bar) in [
        ("peak resident memory", peak as fn(&Rounds) -> f64, PEAK_MAX),
        ("idle resident memory", idle, IDLE_MAX),
    ] {
        let value = ours.median(figure) / registry.median(figure);
        verdicts.push(Verdict::new("C1", format!("{client}: {what} by its own arenas'"), value, bar));
    }
    verdicts
}

fn peak(run: &Rounds) -> f64 {
    run.peak_bytes as f64
}

fn idle(run: &Rounds) -> f64 {
    run.idle_bytes as f64
}

/// A figure of ours by the registry's, turn by turn: judged by its bound if there are runs enough for one, else by its median.
fn ratio(
    client: &str,
    what: &str,
    registry: &Entry,
    ours: &Entry,
    figure: fn(&Rounds) -> f64,
    bar: f64,
) -> Verdict {
    let what = format!("{client}: {what} by its own arenas'");
    if ours.runs.len() >= PAIRS_FOR_A_BOUND {
        let pairs = ours.runs.iter().map(figure).zip(registry.runs.iter().map(figure));
        return Verdict::ratio("C1", what, Ratio::of(pairs), bar);
    }
    let note = format!("median of {} pairs, too few for a bound", ours.runs.len());
    Verdict { note, ..Verdict::new("C1", what, ours.median(figure) / registry.median(figure), bar) }
}

#[cfg(test)]
mod tests {
    use super::super::contest::tests::{duel, rounds};
    use super::*;

    fn met(registry: &Rounds, ours: &Rounds, runs: usize) -> Vec<bool> {
        let contest = duel(vec![registry.clone(); runs], vec![ours.clone(); runs]);
        of(&contest).iter().map(|verdict| verdict.is_met).collect()
    }

    #[test]
    fn a_client_that_puts_out_something_else_with_our_arenas_misses() {
        let registry = rounds([9, 9, 1000, 1000], [10; 4]);
        let ours = Rounds { output: (1, 8), ..rounds([9, 9, 100, 100], [9; 4]) };
        assert_eq!(met(&registry, &ours, 1), [false, true, true, true, true]);
    }

    #[test]
    fn faults_are_judged_by_a_tenth_or_by_a_few() {
        let ours = |faults| rounds([0, 0, faults, faults], [1; 4]);
        assert!(met(&ours(1000), &ours(100), 1)[1]);
        assert!(!met(&ours(1000), &ours(101), 1)[1]);
        assert!(met(&ours(0), &ours(16), 1)[1]);
        assert!(!met(&ours(0), &ours(17), 1)[1]);
    }

    #[test]
    fn cpu_and_memory_are_judged_by_their_ratios() {
        let registry = rounds([0; 4], [1000; 4]);
        for runs in [1, PAIRS_FOR_A_BOUND] {
            assert_eq!(met(&registry, &rounds([0; 4], [900; 4]), runs), [true; 5]);
            assert!(!met(&registry, &rounds([0; 4], [901; 4]), runs)[2]);
            let ours = Rounds { peak_bytes: 101, idle_bytes: 125, ..registry.clone() };
            assert_eq!(met(&registry, &ours, runs)[3..], [false, true]);
            let ours = Rounds { peak_bytes: 100, idle_bytes: 126, ..registry.clone() };
            assert_eq!(met(&registry, &ours, runs)[3..], [true, false]);
        }
    }
}
