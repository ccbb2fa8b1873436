//! The page backend's rules and the drain points, with what a run showed.

use super::super::document::{Block, Cell, Fact, Section, Standing, Table};
use super::super::input::Inputs;
use super::MAKE_EVIDENCE;

/// The section.
pub fn section(inputs: &Inputs) -> Section {
    let (mut facts, mut blocks) = (Vec::new(), Vec::new());
    if inputs.rules.is_empty() {
        let what = "The evidence has no rules of the page backend.".into();
        blocks.push(Block::Absent { what, remedy: MAKE_EVIDENCE });
    } else {
        let met = inputs.rules.iter().filter(|row| row.verdict == "met").count();
        facts.push(Fact::share("Rules of the page backend kept", met, inputs.rules.len()));
        blocks.push(Block::Table(rules(inputs)));
    }
    if inputs.drains.is_empty() {
        let what = "The evidence has no drain points.".into();
        blocks.push(Block::Absent { what, remedy: MAKE_EVIDENCE });
    } else {
        let judged = || inputs.drains.iter().filter(|row| row.released_budget != "-");
        let met = judged().filter(|row| row.verdict == "met").count();
        facts.push(Fact::share("Bounds on memory that waits for its owner kept", met, judged().count()));
        blocks.push(Block::Table(drains(inputs)));
    }
    Section {
        id: "backend",
        title: "Page backend and drain points",
        lead: "What the backend promises about spans, exhaustion and cleanup; and, for memory that another thread freed, how much may wait for \
               its owner and how much is left after each named drain point.",
        facts,
        blocks,
    }
}

fn rules(inputs: &Inputs) -> Table {
    let mut table = Table::new(
        "Rules of the page backend",
        &["rule", "profile", "measured", "relation", "value", "verdict"],
    );
    for row in &inputs.rules {
        table.rows.push(vec![
            Cell::code(&*row.rule),
            Cell::text(&*row.profile),
            Cell::number(&row.measured, &row.unit),
            Cell::text(row.relation.replace('-', " ")),
            Cell::number(&row.value, &row.unit),
            Cell::Standing(Standing::of_verdict(&row.verdict)),
        ]);
    }
    table
}

fn drains(inputs: &Inputs) -> Table {
    let mut table = Table::new(
        "Drain points: what waited at most, what was taken back, what was left",
        &["drain point", "profile", "what", "measured", "at most", "verdict"],
    );
    for row in &inputs.drains {
        table.rows.push(vec![
            Cell::code(&*row.drain_point),
            Cell::text(&*row.profile),
            Cell::text(row.metric.replace('-', " ")),
            Cell::number(&row.measured, &row.unit),
            Cell::number(&row.released_budget, &row.unit),
            Cell::Standing(Standing::of_verdict(&row.verdict)),
        ]);
    }
    table
}
