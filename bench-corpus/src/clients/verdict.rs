//! TARGETS C1: what one line in a manifest has to bring to a compiler.

use std::collections::BTreeSet;

use super::build::{GLIBC, HOSTED_SMALL, OURS};
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

const PAGE_BYTES: f64 = 4096.0;

const OF_THE_HEAP: &str = "what is left is of the system's malloc: over another allocator the bar is met";
const PROGRAM_TEXT: &str = "without file mappings, which are the program itself, it is not more";
const WARM_MEMORY: &str = "what idles more is the memory that no longer faults";

/// The verdicts on one client: on its outputs; on our arenas beside its own, if both took part over the system's allocator; and on our arenas
/// with our heap, where that took part, beside the same.
pub fn of(contest: &Contest) -> Vec<Verdict> {
    let client = contest.client.name;
    let outputs: BTreeSet<(u64, u64)> =
        contest.entries.iter().flat_map(|entry| &entry.runs).map(|run| run.output).collect();
    let mut verdicts = vec![Verdict::new(
        "C1",
        format!("{client}: different outputs of all runs"),
        outputs.len() as f64,
        1.0,
    )];
    let Some((registry, ours)) = contest.duel() else { return verdicts };
    verdicts.extend(bars(client, contest, registry, ours));
    if let Some(ours) = contest.entry(OURS, HOSTED_SMALL) {
        verdicts.extend(bars(&format!("{client} with `HostedSmall`, too"), contest, registry, ours));
    }
    verdicts
}

/// What one program of ours brings beside the client as its authors have it, which is `of` the contest's.
fn bars(of: &str, contest: &Contest, registry: &Entry, ours: &Entry) -> [Verdict; 5] {
    // The idle bar for a program that says when it begins to wait; both bars are asked of one process then.
    let after_trim = ours.median(trimmed) / registry.median(trimmed);
    [
        faults(of, contest, registry, ours),
        cpu(of, registry, ours),
        memory(of, "peak", registry, ours, peak, PEAK_MAX),
        memory(of, "idle", registry, ours, idle, IDLE_MAX),
        Verdict::new("C1", format!("{of}: the same after `trim(0)`"), after_trim, IDLE_MAX),
    ]
}

/// Page faults of a warm round.
fn faults(of: &str, contest: &Contest, registry: &Entry, ours: &Entry) -> Verdict {
    let bar = |registry: &Entry| (FAULTS_MAX * registry.warm_faults()).max(FAULTS_ENOUGH);
    let what = format!("{of}: page faults of a warm round");
    let note = format!("{:.0} with its own arenas", registry.warm_faults());
    let verdict = Verdict { note, ..Verdict::new("C1", what, ours.warm_faults(), bar(registry)) };
    let is_over_the_systems = ours.setup.allocator == GLIBC;
    match is_over_the_systems && contest.duels().any(|(registry, ours)| ours.warm_faults() <= bar(registry)) {
        true => verdict.explained(OF_THE_HEAP),
        false => verdict,
    }
}

/// CPU time of a warm round, turn by turn: judged by the bound of the ratio if there are runs enough for one, else by the median.
fn cpu(of: &str, registry: &Entry, ours: &Entry) -> Verdict {
    let what = format!("{of}: CPU time of a warm round by its own arenas'");
    if ours.runs.len() >= PAIRS_FOR_A_BOUND {
        let times = |entry: &Entry| entry.runs.iter().map(Rounds::warm_cpu_us).collect::<Vec<_>>();
        return Verdict::ratio("C1", what, Ratio::of(times(ours).into_iter().zip(times(registry))), CPU_MAX);
    }
    let ratio = ours.median(Rounds::warm_cpu_us) / registry.median(Rounds::warm_cpu_us);
    let note = format!("median of {} pairs, too few for a bound", ours.runs.len());
    Verdict { note, ..Verdict::new("C1", what, ratio, CPU_MAX) }
}

/// Resident memory of the whole process, medians.
fn memory(
    of: &str,
    what: &str,
    registry: &Entry,
    ours: &Entry,
    bytes: fn(&Rounds) -> f64,
    bar: f64,
) -> Verdict {
    let what = format!("{of}: {what} resident memory by its own arenas'");
    let verdict = Verdict::new("C1", what, ours.median(bytes) / registry.median(bytes), bar);
    let without_files = |entry: &Entry| entry.median(|run| bytes(run) - run.file_bytes as f64);
    if without_files(ours) <= bar * without_files(registry) {
        return verdict.explained(PROGRAM_TEXT);
    }
    let warm_bytes = spared_faults(registry, ours) * PAGE_BYTES;
    match ours.median(bytes) - warm_bytes <= bar * registry.median(bytes) {
        true => verdict.explained(WARM_MEMORY),
        false => verdict,
    }
}

/// Page faults of a warm round that our arenas do without.
fn spared_faults(registry: &Entry, ours: &Entry) -> f64 {
    (registry.warm_faults() - ours.warm_faults()).max(0.0)
}

fn peak(run: &Rounds) -> f64 {
    run.peak_bytes as f64
}

fn idle(run: &Rounds) -> f64 {
    run.idle_bytes as f64
}

fn trimmed(run: &Rounds) -> f64 {
    run.trimmed_bytes as f64
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
        assert_eq!(met(&registry, &ours, 1), [false, true, true, true, true, true]);
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
    fn a_missed_bar_is_explained_by_what_was_measured_and_by_nothing_else() {
        let explanations = |registry: &Rounds, ours: &Rounds| -> Vec<&'static str> {
            let contest = duel(vec![registry.clone()], vec![ours.clone()]);
            of(&contest).iter().map(|verdict| verdict.explanation).collect()
        };
        let registry = rounds([0, 0, 1000, 1000], [10_000; 4]);
        let ours = Rounds { peak_bytes: 200, idle_bytes: 200, ..rounds([0, 0, 0, 0], [10_000; 4]) };
        // More memory, and no fault spared.
        let same = Rounds { peak_bytes: 200, idle_bytes: 200, ..registry.clone() };
        assert_eq!(explanations(&registry, &same)[3..5], ["", ""]);
        // 1000 pages spared, 100 bytes more.
        assert_eq!(explanations(&registry, &ours)[3..5], [WARM_MEMORY, WARM_MEMORY]);
        // The program alone is larger.
        let text = Rounds { peak_bytes: 190, idle_bytes: 190, file_bytes: 100, ..registry.clone() };
        assert_eq!(explanations(&registry, &text)[3..5], [PROGRAM_TEXT, PROGRAM_TEXT]);
        // Faults are the system's only if another allocator shows it.
        let mut contest = duel(vec![registry.clone()], vec![rounds([0, 0, 500, 500], [1; 4])]);
        assert_eq!(of(&contest)[1].explanation, "");
        let mut other = duel(vec![registry], vec![rounds([0; 4], [1; 4])]).entries;
        other.iter_mut().for_each(|entry| entry.setup.allocator = "jemalloc");
        contest.entries.extend(other);
        assert_eq!(of(&contest)[1].explanation, OF_THE_HEAP);
        assert!(!of(&contest)[1].is_met);
    }

    #[test]
    fn cpu_and_memory_are_judged_by_their_ratios() {
        let registry = rounds([0; 4], [1000; 4]);
        for runs in [1, PAIRS_FOR_A_BOUND] {
            assert_eq!(met(&registry, &rounds([0; 4], [900; 4]), runs), [true; 6]);
            assert!(!met(&registry, &rounds([0; 4], [901; 4]), runs)[2]);
            let ours = Rounds { peak_bytes: 101, idle_bytes: 125, ..registry.clone() };
            assert_eq!(met(&registry, &ours, runs)[3..5], [false, true]);
            let ours = Rounds { peak_bytes: 100, idle_bytes: 126, ..registry.clone() };
            assert_eq!(met(&registry, &ours, runs)[3..5], [true, false]);
        }
    }

    #[test]
    fn our_heap_is_judged_beside_the_client_as_its_authors_have_it() {
        let registry = rounds([0, 0, 1000, 1000], [1000; 4]);
        let mut contest = duel(vec![registry.clone()], vec![rounds([0, 0, 500, 500], [950, 950, 950, 950])]);
        let mut both = duel(Vec::new(), vec![rounds([0, 0, 100, 100], [900; 4])]).entries.remove(1);
        both.setup.allocator = HOSTED_SMALL;
        contest.entries.push(both);
        let met: Vec<bool> = of(&contest).iter().map(|verdict| verdict.is_met).collect();
        assert_eq!(met, [true, false, false, true, true, true, true, true, true, true, true]);
    }

    #[test]
    fn what_stays_after_a_trim_is_judged_by_the_idle_bar_and_has_no_excuse() {
        let registry = rounds([0, 0, 1000, 1000], [1000; 4]);
        let ours = |trimmed_bytes| Rounds { idle_bytes: 500, trimmed_bytes, ..rounds([0; 4], [900; 4]) };
        assert_eq!(met(&registry, &ours(125), 1)[4..], [false, true]);
        assert_eq!(met(&registry, &ours(126), 1)[4..], [false, false]);
        let contest = duel(vec![registry], vec![ours(126)]);
        assert_eq!(of(&contest)[5].explanation, "");
    }
}
