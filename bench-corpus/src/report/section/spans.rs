//! Warm against cold: whether the memory a pass took had been in use before.

use serde_json::{Value, json};

use super::super::document::{Block, Cell, Fact, Figure, Quantity, Section, Table};
use super::super::input::{CorpusRun, Inputs};
use super::super::number;
use super::MAKE_REPORT;

/// The section.
pub fn section(inputs: &Inputs) -> Section {
    let (mut facts, mut blocks) = (Vec::new(), Vec::new());
    match &inputs.ours {
        Some(run) => {
            if let Some(last) = run.report.rounds.last() {
                let sum =
                    |of: fn(&crate::corpus::run_report::PassReport) -> u64| last.passes.iter().map(of).sum();
                let (warm, cold): (u64, u64) = (sum(|pass| pass.spans_warm), sum(|pass| pass.spans_cold));
                let of = |name: &str, value| {
                    Fact::told(format!("{name} spans in round {}", last.round), Quantity::new(value, ""))
                };
                facts.push(Fact {
                    limit: format!("of {}", number::shown(&(warm + cold).to_string(), "")),
                    ..of("Cold", cold)
                });
                facts.push(of("Warm", warm));
            }
            blocks.push(Block::Figure(figure(run)));
        }
        None => {
            let what = "There is no run of the passes on our arenas.".into();
            blocks.push(Block::Absent { what, remedy: MAKE_REPORT });
        }
    }
    blocks.push(Block::Note("bumpalo has no spans: its chunks come from `malloc`, which does not say whether their pages are warm.".into()));
    Section {
        id: "spans",
        title: "Warm and cold spans",
        lead: "A chunk is warm when its memory was in use before, and cold when it must be touched for the first time. A cold one costs \
               a fault for every page.",
        facts,
        blocks,
    }
}

fn figure(run: &CorpusRun) -> Figure {
    let passes =
        || run.report.rounds.iter().flat_map(|round| round.passes.iter().map(move |pass| (round, pass)));
    let data: Vec<Value> = passes()
        .map(|(round, pass)| {
            json!({ "round": round.round, "pass": pass.pass, "warm": pass.spans_warm, "cold": pass.spans_cold })
        })
        .collect();
    let mut table = Table::new(
        "Spans that each pass took, round by round",
        &["round", "pass", "warm", "cold", "bytes asked for", "bytes held at their highest"],
    );
    for (round, pass) in passes() {
        table.rows.push(vec![
            Cell::number(round.round, ""),
            Cell::code(&*pass.pass),
            Cell::number(pass.spans_warm, ""),
            Cell::number(pass.spans_cold, ""),
            Cell::number(pass.used_bytes, "bytes"),
            Cell::number(pass.reserved_bytes, "bytes"),
        ]);
    }
    Figure {
        id: "spans-by-round",
        title: "Spans by round and pass, on our arenas".into(),
        reading: "Shares of the spans that the pass took in the round; the numbers are spans.".into(),
        kind: "shares",
        data: json!({ "rows": data }),
        table,
    }
}
