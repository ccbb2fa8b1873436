//! Workloads beside their peers: a ratio a round of runs in alternation, with its spread.

use serde_json::{Value, json};

use super::super::document::{Block, Cell, Fact, Figure, Quantity, Section, Standing, Table};
use super::super::input::Inputs;
use super::super::spread::{Contest, Figure as Measured, Spread};
use super::MAKE_REPORT;
use crate::measure::ContestRow;

const OURS: &str = "ours";
const HEAP: &str = "make report-heap";

/// One contest: its anchor's beginning, its name, its runs and what brings them.
struct Part<'i> {
    ids: [&'static str; 2],
    name: &'static str,
    rows: &'i [ContestRow],
    remedy: &'static str,
}

/// The section.
pub fn section(inputs: &Inputs) -> Section {
    let parts = [
        Part {
            ids: ["arena-cpu", "arena-resident"],
            name: "arenas",
            rows: &inputs.arena,
            remedy: MAKE_REPORT,
        },
        Part {
            ids: ["heap-cpu", "heap-resident"],
            name: "the general heap",
            rows: &inputs.heap,
            remedy: HEAP,
        },
    ];
    let (mut facts, mut blocks) = (Vec::new(), Vec::new());
    for part in &parts {
        let contest = Contest::new(part.rows);
        if contest.workloads().is_empty() || !contest.allocators().contains(&OURS) {
            let what = format!("There are no runs of {} beside their peers.", part.name);
            blocks.push(Block::Absent { what, remedy: part.remedy });
            continue;
        }
        let measured = [(Measured::Cpu, "CPU time"), (Measured::PeakResident, "Resident memory at its peak")];
        for ((measured, what), id) in measured.into_iter().zip(part.ids) {
            let title = format!("{what} of {}, ours by each peer's", part.name);
            blocks.push(Block::Figure(figure(&contest, measured, id, &title)));
            let better = better(&contest, measured);
            let name = format!("{what} of {}: workloads where our median is below every peer's", part.name);
            let share = Fact::share(name, better, contest.workloads().len());
            facts.push(Fact { standing: Standing::Told, ..share });
        }
    }
    Section {
        id: "workloads",
        title: "Workloads beside the peers",
        lead: "Every program runs under every allocator in alternation, and a ratio is taken within each round, so slow moments of the machine \
               meet all of them. Below 1 ours is less. The thick line is where the true median lies with 95 % confidence on each side (sign \
               test, from five rounds on), the thin one goes from the smallest to the largest ratio. Times feed no verdict here; `make bench` judges them.",
        facts,
        blocks,
    }
}

/// On how many workloads our median is below everybody's.
fn better(contest: &Contest<'_>, measured: Measured) -> usize {
    let median = |allocator: &str, workload: &str| contest.median(allocator, workload, measured);
    let is_least = |workload: &&str| {
        let mut others = contest.allocators().into_iter().filter(|name| *name != OURS);
        median(OURS, workload).is_some_and(|ours| {
            others.all(|other| median(other, workload).is_none_or(|theirs| ours < theirs))
        })
    };
    contest.workloads().iter().filter(|workload| is_least(workload)).count()
}

fn figure(contest: &Contest<'_>, measured: Measured, id: &'static str, title: &str) -> Figure {
    let peers: Vec<&str> = contest.allocators().into_iter().filter(|name| *name != OURS).collect();
    let mut data: Vec<Value> = Vec::new();
    let mut table = Table::new(
        title,
        &["workload", "peer", "median ratio", "sure from", "to", "smallest", "largest", "rounds"],
    );
    let mut rounds = 0;
    for workload in contest.workloads() {
        let best = peers
            .iter()
            .filter_map(|peer| Some((peer, contest.median(peer, workload, measured)?)))
            .min_by(|left, right| left.1.total_cmp(&right.1))
            .map(|(peer, _)| *peer);
        for peer in &peers {
            let Some(spread) = contest.ratio(OURS, peer, workload, measured) else { continue };
            rounds = rounds.max(spread.rounds);
            data.push(json!({
                "workload": workload,
                "peer": peer,
                "best": Some(*peer) == best,
                "median": rounded(spread.median),
                "sure": spread.sure.map(|(low, high)| [rounded(low), rounded(high)]),
                "range": [rounded(spread.range.0), rounded(spread.range.1)],
            }));
            table.rows.push(row(workload, peer, &spread));
        }
    }
    Figure {
        id,
        title: title.to_owned(),
        reading: format!(
            "A row a workload. The lines are the spread beside its best peer, which is named; the other marks are the medians beside the other \
             peers. {rounds} rounds; logarithmic scale, lower is better."
        ),
        kind: "ratios",
        data: json!({ "rows": data, "peers": peers }),
        table,
    }
}

/// Three decimals, as the tables have it.
fn rounded(ratio: f64) -> f64 {
    (ratio * 1e3).round() / 1e3
}

fn row(workload: &str, peer: &str, spread: &Spread) -> Vec<Cell> {
    let number = |ratio: f64| Cell::Number(Quantity::new(format!("{ratio:.3}"), "ratio"));
    let (low, high) =
        spread.sure.map_or((Cell::Nothing, Cell::Nothing), |(low, high)| (number(low), number(high)));
    vec![
        Cell::code(workload),
        Cell::text(peer),
        number(spread.median),
        low,
        high,
        number(spread.range.0),
        number(spread.range.1),
        Cell::number(spread.rounds, ""),
    ]
}
