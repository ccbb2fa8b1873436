//! Page faults: of each round over the corpus, and of the workloads in the evidence.

use serde_json::{Value, json};

use super::super::document::{Block, Cell, Fact, Figure, Quantity, Section, Standing, Table};
use super::super::input::{BenchmarkRow, CorpusRun, Inputs, decimal};
use super::{MAKE_EVIDENCE, corpus};

/// The metric of the benchmark rows that are shown.
const METRIC: &str = "page-faults";
/// The profile of arenas.
const ARENAS: &str = "compiler-internal";

/// The section.
///
/// # Errors
/// A sentence when a value of the evidence is no number.
pub fn section(inputs: &Inputs) -> Result<Section, String> {
    let mut facts = Vec::new();
    let steady = inputs.benchmarks.iter().filter(|row| row.metric == "steady-page-faults");
    for row in steady {
        facts.push(Fact {
            name: format!("Faults of a warm round over the corpus, one worker, {}", row.subject),
            value: Quantity::new(&row.measured, "faults"),
            limit: if row.released_budget == "-" {
                String::new()
            } else {
                format!("at most {}", row.released_budget)
            },
            standing: Standing::of_verdict(&row.verdict),
        });
    }
    // Ours first: it is the fact of the overview.
    facts.sort_by_key(|fact| fact.standing == Standing::Told);
    let runs = corpus::runs(inputs);
    let mut blocks = Vec::new();
    if !runs.is_empty() {
        blocks.push(Block::Figure(rounds(&runs)));
    }
    blocks.extend(corpus::missing(inputs, false));
    let rows: Vec<&BenchmarkRow> = inputs.benchmarks.iter().filter(|row| row.metric == METRIC).collect();
    if rows.is_empty() {
        let what = "The evidence has no page faults of workloads.".into();
        blocks.push(Block::Absent { what, remedy: MAKE_EVIDENCE });
    } else {
        blocks.push(Block::Figure(workloads(&rows)?));
    }
    Ok(Section {
        id: "faults",
        title: "Page faults",
        lead: "A page fault costs what hundreds of allocations cost, and memory that stays warm has none. The first round touches memory \
               for the first time; from the third on a round counts as warm.",
        facts,
        blocks,
    })
}

fn rounds(runs: &[&CorpusRun]) -> Figure {
    let rounds = || runs.iter().flat_map(|run| run.report.rounds.iter().map(move |round| (run, round)));
    let data: Vec<Value> = rounds()
        .map(|(run, round)| json!({ "group": round.round, "subject": run.report.memory, "value": round.faults }))
        .collect();
    let mut table = Table::new(
        "Page faults and CPU time of each round: of the process, and of each pass while it was the innermost",
        &["memory", "round", "part", "faults", "CPU time"],
    );
    for (run, round) in rounds() {
        let mut push = |part: &str, faults: u64, cpu_us: u64| {
            table.rows.push(vec![
                Cell::text(&*run.report.memory),
                Cell::number(round.round, ""),
                Cell::text(part),
                Cell::number(faults, ""),
                Cell::number(format!("{:.1}", cpu_us as f64 / 1e3), "ms"),
            ]);
        };
        push("process", round.faults, round.cpu_us);
        for pass in &round.passes {
            push(&format!("`{}`", pass.pass), pass.faults, pass.cpu_us);
        }
    }
    Figure {
        id: "faults-by-round",
        title: "Faults of each round over the corpus".into(),
        reading: format!(
            "The whole process, lower is better. {}. With several workers, which units meet differs from round to round, and with it \
             the memory a round needs; the budget is judged with one worker.",
            corpus::conditions(runs[0])
        ),
        kind: "groups",
        data: json!({ "rows": data, "group": "round", "unit": "page faults" }),
        table,
    }
}

fn workloads(rows: &[&BenchmarkRow]) -> Result<Figure, String> {
    let mut data = Vec::new();
    let mut table = Table::new(
        "Page faults of the workloads in the evidence",
        &["workload", "profile", "subject", "page faults", "at most", "verdict"],
    );
    let mut rows = rows.to_vec();
    // Ours first within a workload, and the arenas' workloads, which have peers, before the others.
    rows.sort_by_key(|row| (row.profile != ARENAS, &row.profile, &row.workload, row.subject != "ours"));
    for row in rows {
        let value = decimal(&row.measured, &format!("perf: {} of {}", row.metric, row.workload))?;
        let group = format!("{}: {}", row.profile, row.workload);
        data.push(json!({ "group": group, "subject": row.subject, "value": value }));
        table.rows.push(vec![
            Cell::code(&*row.workload),
            Cell::text(&*row.profile),
            Cell::text(&*row.subject),
            Cell::number(&row.measured, ""),
            Cell::number(&row.released_budget, ""),
            Cell::Standing(Standing::of_verdict(&row.verdict)),
        ]);
    }
    Ok(Figure {
        id: "faults-of-workloads",
        title: "Faults of the workloads in the evidence".into(),
        reading: "`passes-drop` and `passes-reset` are ten passes of 48 MB each, the arena dropped or reset after each. What each workload \
                  does says the column `reason` of `perf/allocator-fast-path-benchmarks.tsv`. Lower is better."
            .into(),
        kind: "groups",
        data: json!({ "rows": data, "group": "workload", "unit": "page faults" }),
        table,
    })
}
