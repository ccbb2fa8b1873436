//! The document as text for a terminal: the same facts, and what was not measured.

use std::fmt::Write;

use super::document::{Block, Document, Fact, Section, Standing};

/// A heading and a line a fact for every section, what is missing with its command, and the verdict.
pub fn text(document: &Document) -> String {
    let mut text = format!("{}\n", document.origin.replace('`', ""));
    let has_line = |section: &&Section| {
        !section.facts.is_empty() || section.blocks.iter().any(|block| matches!(block, Block::Absent { .. }))
    };
    for section in document.sections.iter().filter(has_line) {
        let _ = writeln!(text, "\n{}", section.title);
        for fact in &section.facts {
            text.push_str(&line(fact));
        }
        for block in &section.blocks {
            if let Block::Absent { what, remedy } = block {
                let _ = writeln!(text, "  not measured: {} Run `{remedy}`.", what.replace('`', ""));
            }
        }
    }
    let facts = || document.sections.iter().flat_map(|section| &section.facts);
    let count = |standing| facts().filter(|fact| fact.standing == standing).count();
    let (met, missed) = (count(Standing::Met), count(Standing::Missed));
    let _ = writeln!(text, "\nverdict\t{met} of {} judged facts met, {missed} missed", met + missed);
    text
}

/// How wide the names of facts may be.
const NAME: usize = 64;

fn line(fact: &Fact) -> String {
    let word = match fact.standing {
        Standing::Met => "  met",
        Standing::Missed => "  MISSED",
        Standing::Told => "",
    };
    let value = format!("{} {}", fact.value.shown(), fact.limit);
    let line = format!("  {:<NAME$} {}{word}", fact.name.replace('`', ""), value.trim_end());
    line.replace('\u{a0}', " ").trim_end().to_owned() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::document::Quantity;

    #[test]
    fn every_fact_and_everything_missing_has_a_line() {
        let section = Section {
            id: "a",
            title: "Faults",
            lead: "",
            facts: vec![
                Fact::share("cases", 65, 65),
                Fact::told("peak of `x`", Quantity::new(1536, "bytes")),
                Fact::share("budgets", 1, 2),
            ],
            blocks: vec![Block::Absent { what: "No `heap` run.".into(), remedy: "make bench" }],
        };
        let silent =
            Section { id: "b", title: "Nothing to say", lead: "", facts: Vec::new(), blocks: Vec::new() };
        let text = text(&Document { origin: "by `rustc`".into(), sections: vec![section, silent] });
        let lines: Vec<String> =
            text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(
            lines,
            [
                "by rustc",
                "",
                "Faults",
                "cases 65 of 65 met",
                "peak of x 1.5 KiB",
                "budgets 1 of 2 MISSED",
                "not measured: No heap run. Run `make bench`.",
                "",
                "verdict 1 of 2 judged facts met, 1 missed"
            ]
        );
    }
}
