//! Memory over time: the process, the backend, and each pass on each thread.

use serde_json::{Value, json};

use super::super::document::{Block, Cell, Fact, Figure, Quantity, Section, Table};
use super::super::input::{CorpusRun, Inputs};
use super::corpus;
use crate::corpus::trace::{PROCESS, ROUND, Row};

/// The section.
pub fn section(inputs: &Inputs) -> Section {
    let facts = vec![
        beside(inputs, "Resident memory after the run, on our arenas", |run| run.report.idle_rss_bytes),
        beside(inputs, "Highest resident memory, on our arenas", |run| run.report.peak_rss_bytes),
    ];
    let facts = facts.into_iter().flatten().collect();
    let mut blocks = corpus::missing(inputs, true);
    let traced: Vec<&CorpusRun> =
        corpus::runs(inputs).into_iter().filter(|run| !run.trace.is_empty()).collect();
    if !traced.is_empty() {
        blocks.push(Block::Figure(resident(&traced)));
    }
    if let Some(ours) = inputs.ours.as_ref().filter(|run| !run.trace.is_empty()) {
        blocks.push(Block::Figure(threads(ours)));
        blocks.push(Block::Figure(backend(ours)));
    }
    Section {
        id: "memory",
        title: "Memory over time",
        lead: "The C frontend's passes run over the corpus, round after round, in one process, as a compile server does: \
               on our arenas, and on bumpalo with `reset`. The process was looked at every 5 ms and whenever a thread was done with a unit. \
               The clock is of one run on one machine and feeds no verdict.",
        facts,
        blocks,
    }
}

/// A figure of the run on our arenas, with bumpalo's beside it.
fn beside(inputs: &Inputs, name: &str, bytes: fn(&CorpusRun) -> u64) -> Option<Fact> {
    let quantity = |run: &CorpusRun| Quantity::new(bytes(run), "bytes");
    let fact = Fact::told(name, quantity(inputs.ours.as_ref()?));
    let other = inputs.bumpalo.as_ref().map(|run| format!("bumpalo {}", quantity(run).shown()));
    Some(Fact { limit: other.unwrap_or_default(), ..fact })
}

/// Microseconds as milliseconds with one decimal.
fn milliseconds(us: u64) -> f64 {
    (us as f64 / 100.0).round() / 10.0
}

fn process(run: &CorpusRun) -> impl Iterator<Item = &Row> {
    run.trace.iter().filter(|row| is_of_process(row))
}

fn is_of_process(row: &Row) -> bool {
    row.pass == PROCESS || row.pass == ROUND
}

/// The rows that end a round; the last one, after everything was dropped, is of none.
fn boundaries(run: &CorpusRun) -> Vec<&Row> {
    run.trace.iter().filter(|row| row.pass == ROUND).collect()
}

/// Anonymous resident memory of both processes.
fn resident(runs: &[&CorpusRun]) -> Figure {
    let series: Vec<Value> = runs
        .iter()
        .map(|run| {
            let points: Vec<Value> = process(run)
                .filter_map(|row| Some(json!([milliseconds(row.ended_us), row.resident_bytes?])))
                .collect();
            let rounds: Vec<f64> = boundaries(run).iter().map(|row| milliseconds(row.ended_us)).collect();
            json!({ "name": run.report.memory, "points": points, "rounds": rounds })
        })
        .collect();
    let mut table = Table::new(
        "Anonymous resident memory, round by round",
        &["memory", "round", "ended at", "at its end", "at its highest"],
    );
    for run in runs {
        for end in boundaries(run) {
            let is_idle = end.round > run.report.rounds.len();
            let highest =
                process(run).filter(|row| row.round == end.round).filter_map(|row| row.resident_bytes).max();
            let round = end.round.to_string();
            table.rows.push(vec![
                Cell::text(&*run.report.memory),
                Cell::text(if is_idle { "after the last".to_owned() } else { round }),
                Cell::number(milliseconds(end.ended_us), "ms"),
                bytes(end.resident_bytes),
                bytes(highest),
            ]);
        }
    }
    Figure {
        id: "resident",
        title: "Resident memory of the process".into(),
        reading: format!(
            "Anonymous resident memory against time; a dotted line ends a round, the last point is after everything was dropped. {}.",
            corpus::conditions(runs[0])
        ),
        kind: "resident",
        data: json!({ "series": series }),
        table,
    }
}

/// What each pass held on each thread of the run on our arenas.
fn threads(run: &CorpusRun) -> Figure {
    let rows: Vec<&Row> = run.trace.iter().filter(|row| !is_of_process(row)).collect();
    let passes = super::super::spread::distinct(rows.iter().map(|row| row.pass.as_str()));
    let data: Vec<Value> = rows
        .iter()
        .map(|row| {
            let pass = passes.iter().position(|pass| *pass == row.pass);
            let (began, ended) = (milliseconds(row.began_us), milliseconds(row.ended_us));
            json!([row.thread, pass, began, ended, row.used_bytes, row.held_bytes])
        })
        .collect();
    let rounds: Vec<f64> = boundaries(run).iter().map(|row| milliseconds(row.ended_us)).collect();
    let mut table = Table::new(
        "What each pass held on each thread, round by round",
        &["round", "thread", "pass", "units", "asked for, largest", "held, largest", "faults"],
    );
    for round in 1..=run.report.rounds.len() {
        let mut threads: Vec<usize> =
            rows.iter().filter(|row| row.round == round).map(|row| row.thread).collect();
        threads.sort_unstable();
        threads.dedup();
        for thread in threads {
            let is_here = |row: &Row| row.round == round && row.thread == thread;
            let faults: u64 = process(run).filter(|row| is_here(row)).filter_map(|row| row.faults).sum();
            for (index, pass) in passes.iter().enumerate() {
                let of_pass = || rows.iter().filter(|row| is_here(row) && row.pass == *pass);
                table.rows.push(vec![
                    Cell::number(round, ""),
                    Cell::number(thread, ""),
                    Cell::code(*pass),
                    Cell::number(of_pass().count(), ""),
                    bytes(of_pass().filter_map(|row| row.used_bytes).max()),
                    bytes(of_pass().filter_map(|row| row.held_bytes).max()),
                    // The account is the thread's, all passes together.
                    if index == 0 { Cell::number(faults, "") } else { Cell::Nothing },
                ]);
            }
        }
    }
    Figure {
        id: "threads",
        title: "Each pass on each thread, on our arenas".into(),
        reading: "What `lex` retains grows until the round ends, because all units share it. Each block of `preprocess` is one unit: \
                  as wide as it took, as high as what it asked for; it is gone at the unit's end, and the memory stays warm for the next."
            .into(),
        kind: "threads",
        data: json!({ "passes": passes, "rows": data, "rounds": rounds }),
        table,
    }
}

/// The backend's own account of the run on our arenas.
fn backend(run: &CorpusRun) -> Figure {
    let rows = || process(run).filter_map(|row| Some((row, row.used_bytes?, row.held_bytes?)));
    let points: Vec<Value> =
        rows().map(|(row, live, committed)| json!([milliseconds(row.ended_us), live, committed])).collect();
    let mut table = Table::new(
        "Bytes held by arenas and bytes committed, round by round",
        &[
            "round",
            "held at its highest",
            "committed at its highest",
            "held at its end",
            "committed at its end",
        ],
    );
    for end in boundaries(run) {
        let of_round = || rows().filter(|(row, ..)| row.round == end.round);
        let is_idle = end.round > run.report.rounds.len();
        table.rows.push(vec![
            Cell::text(if is_idle { "after the last".to_owned() } else { end.round.to_string() }),
            bytes(of_round().map(|(_, live, _)| live).max()),
            bytes(of_round().map(|(_, _, committed)| committed).max()),
            bytes(end.used_bytes),
            bytes(end.held_bytes),
        ]);
    }
    Figure {
        id: "backend-account",
        title: "What the span backend has committed, and what arenas hold of it".into(),
        reading: "Both as the backend counts them. The difference idles, warm, under the give-back rule; ending the session trims it."
            .into(),
        kind: "account",
        data: json!({ "points": points }),
        table,
    }
}

fn bytes(value: Option<u64>) -> Cell {
    value.map_or(Cell::Nothing, |value| Cell::number(value, "bytes"))
}
