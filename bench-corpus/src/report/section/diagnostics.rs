//! Diagnostics: which were raised, by a run of the library and by the judge, and in what words.

use super::super::document::{Block, Cell, Fact, Section, Standing, Table};
use super::super::input::Inputs;
use super::super::spread::distinct;
use super::MAKE_EVIDENCE;

/// The section.
pub fn section(inputs: &Inputs) -> Section {
    let rows = &inputs.diagnostics;
    let (mut facts, mut blocks) = (Vec::new(), Vec::new());
    if rows.is_empty() {
        let what = "The evidence has no diagnostics.".into();
        blocks.push(Block::Absent { what, remedy: MAKE_EVIDENCE });
    } else {
        let codes = distinct(rows.iter().map(|row| row.code.as_str()));
        let by = |code: &str, whom: &str| {
            rows.iter().any(|row| row.code == code && row.raised_by == whom && row.verdict == "met")
        };
        let both = codes.iter().filter(|code| by(code, "library") && by(code, "judge")).count();
        facts.push(Fact::share("Codes raised by the library and by the judge", both, codes.len()));
        let mut table = Table::new(
            "Every diagnostic that was raised",
            &["code", "raised by", "case", "profile", "text", "verdict"],
        );
        for row in rows {
            table.rows.push(vec![
                Cell::code(&*row.code),
                Cell::text(&*row.raised_by),
                Cell::code(&*row.case),
                Cell::text(&*row.profile),
                Cell::text(&*row.text),
                Cell::Standing(Standing::of_verdict(&row.verdict)),
            ]);
        }
        blocks.push(Block::Table(table));
    }
    Section {
        id: "diagnostics",
        title: "Diagnostics",
        lead: "The stable codes, each raised by a real condition in the library and by the judge on a bad fixture, with the exact text.",
        facts,
        blocks,
    }
}
