//! The heap targets, measured: one verdict a line.

use super::contest::{Contest, Figure, PAIRS_FOR_A_BOUND, Task};
use super::instructions::{CASES, Cost};
use super::peer::{GLIBC, MIMALLOC, MIMALLOC_4K, OURS, Peer};
use super::release::{LIMITED_BYTES, Limited, Steps};
use super::start_up::StartUp;
use crate::measure::{PAIRS_MIN, Ratio};
use crate::verdict::Verdict;

/// TARGETS H2 and H3 without the empty program: time and resident memory over the classic workloads. None with fewer than 15 pairs.
pub fn classic(contest: &Contest, tasks: &[Task], peers: &[Peer]) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    let mean = |theirs, figure| {
        let (means, common) = contest.geometric_mean(OURS, theirs, tasks, figure);
        let note = format!("geometric mean of {common} of {} workloads", tasks.len());
        (means.len() >= PAIRS_MIN).then(|| (Ratio::of(means.into_iter().map(|mean| (mean, 1.0))), note))
    };
    let mut push_mean = |target, what: &str, theirs, figure, bar| {
        if let Some((ratio, note)) = mean(theirs, figure) {
            let verdict = Verdict::ratio(target, what, ratio, bar);
            verdicts.push(Verdict { note: format!("{}; {note}", verdict.note), ..verdict });
        }
    };
    push_mean("H2", "CPU by mimalloc 3's", MIMALLOC, Figure::CpuSeconds, 0.85);
    push_mean("H3", "peak RSS by mimalloc 3's", MIMALLOC, Figure::PeakResidentBytes, 0.45);
    // The bar above, relative to what mimalloc needs without huge pages: 0.45 / 0.55.
    push_mean(
        "H3",
        "peak RSS by mimalloc 3's without huge pages",
        MIMALLOC_4K,
        Figure::PeakResidentBytes,
        0.82,
    );
    let ratio = |theirs, task, figure| {
        contest.ratio(OURS, theirs, task, figure).filter(|ratio| ratio.pairs >= PAIRS_MIN)
    };
    for (task, bar) in [("xmalloc", 0.52), ("larson", 0.70)] {
        if let Some(ratio) = ratio(MIMALLOC, task, Figure::CpuSeconds) {
            verdicts.push(Verdict::ratio("H2", format!("{task}: CPU by mimalloc 3's"), ratio, bar));
        }
    }
    for task in tasks {
        let others = peers.iter().filter(|peer| peer.name != OURS);
        let time =
            |peer: &&Peer| contest.median(peer.name, task.name, Figure::CpuSeconds).unwrap_or(f64::INFINITY);
        let Some(best) = others.min_by(|left, right| time(left).total_cmp(&time(right))) else { continue };
        if let Some(ratio) = ratio(best.name, task.name, Figure::CpuSeconds) {
            let what = format!("{}: CPU by its best peer's, {}", task.name, best.name);
            verdicts.push(Verdict::ratio("H2", what, ratio, 1.10));
        }
    }
    verdicts
}

/// Whom TARGETS V1 names.
const SERVER_PEERS: [&str; 5] = ["gperftools", "snmalloc", MIMALLOC, MIMALLOC_4K, "mimalloc-2"];

/// TARGETS V1: every workload by the best of the peers that it names, in time and in resident memory. None with fewer than 15 pairs.
pub fn server(contest: &Contest, tasks: &[Task]) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for task in tasks {
        for (figure, what) in [(Figure::CpuSeconds, "CPU"), (Figure::PeakResidentBytes, "peak RSS")] {
            let best = SERVER_PEERS
                .iter()
                .filter_map(|name| Some((*name, contest.median(name, task.name, figure)?)))
                .min_by(|left, right| left.1.total_cmp(&right.1));
            let Some((best, _)) = best else { continue };
            let ratio = contest.ratio(OURS, best, task.name, figure);
            if let Some(ratio) = ratio.filter(|ratio| ratio.pairs >= PAIRS_MIN) {
                let what = format!("{}: {what} by its best peer's, {best}", task.name);
                verdicts.push(Verdict::ratio("V1", what, ratio, 1.0));
            }
        }
    }
    verdicts
}

/// TARGETS H3, the empty program. The target was set where the same program under glibc had 0.98 MB and 73 faults, by an account that leaves
/// out some pages of shared libraries; what is left of it over glibc is compared.
pub fn start_up(ours: &StartUp, glibc: &StartUp) -> Vec<Verdict> {
    let more = |of: fn(&StartUp) -> u64| of(ours) as f64 - of(glibc) as f64;
    vec![
        Verdict::new(
            "H3",
            "empty program: peak RSS over glibc's, MB",
            more(|cost| cost.peak_resident_bytes) / 1e6,
            0.12,
        ),
        Verdict::new("H3", "empty program: page faults over glibc's", more(|cost| cost.faults), 7.0),
    ]
}

/// TARGETS H3b.
pub fn release(steps: &Steps) -> Vec<Verdict> {
    let verdict = |what, step, bar| Verdict::new("H3b", what, steps.resident(step) / 1e6, bar);
    vec![
        verdict("505 MiB of mixed blocks, nine of ten freed: RSS, MB", "tenth_live", 480.0),
        verdict("all freed: RSS, MB", "none_live", 20.0),
        verdict("32 threads came and went: RSS, MB", "threads_gone", 25.0),
    ]
}

/// TARGETS H4.
pub fn limited(limited: &Limited) -> Vec<Verdict> {
    let of_size = |(bytes, share): (&usize, &super::release::Share)| {
        [
            Verdict::new("H4", format!("{bytes} B: share of 512 MiB not usable"), 1.0 - share.usable, 0.05),
            Verdict::new("H4", format!("{bytes} B: share not usable again"), 1.0 - share.refilled, 0.0),
        ]
    };
    LIMITED_BYTES.iter().zip(&limited.shares).flat_map(of_size).collect()
}

/// TARGETS H5: whole programs, and the compiler-like load of the classic workloads, by glibc's.
pub fn programs(contest: &Contest, tasks: &[Task], peers: &[Peer]) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for task in tasks {
        let ratio = |peer, figure| contest.ratio(peer, GLIBC, task.name, figure);
        let (Some(cpu), Some(memory)) =
            (ratio(OURS, Figure::CpuSeconds), ratio(OURS, Figure::PeakResidentBytes))
        else {
            continue;
        };
        if cpu.pairs < PAIRS_MIN {
            continue;
        }
        let others = peers.iter().filter(|peer| peer.name != OURS);
        let best = others
            .filter_map(|peer| Some((peer.name, ratio(peer.name, Figure::CpuSeconds)?.median)))
            .min_by(|left, right| left.1.total_cmp(&right.1));
        let verdict = Verdict::ratio("H5", format!("{}: CPU by glibc's", task.name), cpu, 0.70);
        let note = match best {
            Some((name, median)) => format!("{}; best peer {name} {median:.3}", verdict.note),
            None => verdict.note.clone(),
        };
        verdicts.push(Verdict { note, ..verdict });
        verdicts.push(Verdict::ratio("H5", format!("{}: peak RSS by glibc's", task.name), memory, 1.0));
    }
    verdicts
}

/// TARGETS H1b.
pub fn instructions(costs: &[Result<Cost, String>]) -> Vec<Verdict> {
    let verdict = |(case, cost): (&super::instructions::Case, &Result<Cost, String>)| {
        let (cost, bar) = (cost.as_ref().ok()?, case.bar?);
        Some(Verdict::new(
            "H1b",
            format!("{}: instructions of malloc and free", case.name),
            cost.instructions,
            bar,
        ))
    };
    CASES.iter().zip(costs).filter_map(verdict).collect()
}

const _: () = assert!(PAIRS_MIN >= PAIRS_FOR_A_BOUND);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_measured_gives_no_verdict() {
        assert!(classic(&Contest::default(), &[], &[]).is_empty());
        assert!(programs(&Contest::default(), &[], &[]).is_empty());
    }

    #[test]
    fn a_share_below_the_target_is_missed() {
        use super::super::release::Share;
        let share = |usable, refilled| Share { usable, refilled };
        let verdicts = limited(&Limited { shares: [share(0.96, 1.0), share(0.94, 0.99)] });
        let met: Vec<bool> = verdicts.iter().map(|verdict| verdict.is_met).collect();
        assert_eq!(met, [true, true, false, false]);
    }
}
