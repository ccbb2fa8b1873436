//! Stress: how every case ended, by profile and by what it covers.

use serde_json::{Value, json};

use super::super::document::{Block, Cell, Fact, Figure, Quantity, Section, Standing, Table};
use super::super::input::{Inputs, StressRow};
use super::super::spread::distinct;
use super::MAKE_EVIDENCE;

/// The section.
pub fn section(inputs: &Inputs) -> Section {
    let rows = &inputs.stress;
    let (mut facts, mut blocks) = (Vec::new(), Vec::new());
    if rows.is_empty() {
        let what = "The evidence has no stress cases.".into();
        blocks.push(Block::Absent { what, remedy: MAKE_EVIDENCE });
    } else {
        let met = rows.iter().filter(|row| row.verdict == "met").count();
        facts.push(Fact::share("Cases that ended as declared", met, rows.len()));
        let sum = |of: fn(&StressRow) -> &String| {
            rows.iter().filter_map(|row| of(row).parse::<u64>().ok()).sum::<u64>()
        };
        facts.push(Fact::told("Operations", Quantity::new(sum(|row| &row.operations), "")));
        facts.push(Fact::told("Of these refused, on purpose", Quantity::new(sum(|row| &row.refused), "")));
        facts.push(Fact::told("Walks over every structure", Quantity::new(sum(|row| &row.checks), "")));
        let leaked = sum(|row| &row.leaked_bytes);
        facts.push(Fact {
            standing: Standing::of(leaked == 0),
            ..Fact::told("Not given back to the page source after shutdown", Quantity::new(leaked, "bytes"))
        });
        blocks.push(Block::Figure(figure(rows)));
    }
    Section {
        id: "stress",
        title: "Stress",
        lead: "Seeded cases of every profile. A positive one must complete; a negative one must be refused, or report its leak, with the declared \
               diagnostic. `bench-corpus stress --case NAME` repeats one.",
        facts,
        blocks,
    }
}

fn figure(rows: &[StressRow]) -> Figure {
    let profiles = distinct(rows.iter().map(|row| row.profile.as_str()));
    let coverages = distinct(rows.iter().map(|row| row.coverage.as_str()));
    let mut data: Vec<Value> = Vec::new();
    for profile in &profiles {
        for coverage in &coverages {
            let cases: Vec<&StressRow> =
                rows.iter().filter(|row| row.profile == *profile && row.coverage == *coverage).collect();
            let count = |word: &str| cases.iter().filter(|row| row.polarity == word).count();
            data.push(json!({
                "profile": profile,
                "coverage": coverage,
                "positive": count("positive"),
                "negative": count("negative"),
                "missed": cases.iter().filter(|row| row.verdict != "met").count(),
                "names": cases.iter().map(|row| &row.case).collect::<Vec<_>>(),
            }));
        }
    }
    let mut table = Table::new(
        "Every stress case",
        &[
            "case",
            "profile",
            "coverage",
            "polarity",
            "outcome",
            "diagnostic",
            "threads",
            "operations",
            "refused",
            "walks",
            "seed",
            "verdict",
        ],
    );
    for row in rows {
        table.rows.push(vec![
            Cell::code(&*row.case),
            Cell::text(&*row.profile),
            Cell::text(&*row.coverage),
            Cell::text(&*row.polarity),
            Cell::text(&*row.outcome),
            Cell::code(&*row.code),
            Cell::number(&row.threads, ""),
            Cell::number(&row.operations, ""),
            Cell::number(&row.refused, ""),
            Cell::number(&row.checks, ""),
            Cell::number(&row.seed, ""),
            Cell::Standing(Standing::of_verdict(&row.verdict)),
        ]);
    }
    Figure {
        id: "stress-cases",
        title: "Cases by profile and coverage".into(),
        reading: "Each square is a case: filled for a positive one, open for a negative one, crossed out if it did not end as declared. \
                  A profile that cannot have a coverage has no case there: `freestanding` has one owner, so nothing is freed by another thread."
            .into(),
        kind: "cases",
        data: json!({ "rows": data, "profiles": profiles, "coverages": coverages }),
        table,
    }
}
