//! What the evidence was made from and with.

use super::super::document::{Block, Cell, Section, Table};
use super::super::input::Inputs;
use super::MAKE_EVIDENCE;

/// One line for the head of the page: toolchain and target.
pub fn origin(inputs: &Inputs) -> String {
    let value =
        |item: &str| inputs.provenance.iter().find(|row| row.item == item).map(|row| row.value.as_str());
    let parts: Vec<&str> = ["rustc", "target", "libc"].into_iter().filter_map(value).collect();
    if parts.is_empty() {
        "The evidence does not say what it was made with.".into()
    } else {
        format!("Evidence made with {}.", parts.join(", "))
    }
}

/// The section.
pub fn section(inputs: &Inputs) -> Section {
    let mut blocks = Vec::new();
    if inputs.provenance.is_empty() {
        let what = "The evidence does not say what it was made from.".into();
        blocks.push(Block::Absent { what, remedy: MAKE_EVIDENCE });
    } else {
        let mut table = Table::new("What the evidence was made from and with", &["item", "value", "binds"]);
        for row in &inputs.provenance {
            table.rows.push(vec![Cell::code(&*row.item), Cell::code(&*row.value), Cell::text(&*row.binds)]);
        }
        blocks.push(Block::Table(table));
    }
    Section {
        id: "provenance",
        title: "Provenance",
        lead: "Digests bind the evidence to the sources, the lock file and the toolchain; `make allocator-fast-path-check` refuses evidence that \
               does not fit them. The corpus runs, the traces and the contests are of this machine's last runs.",
        facts: Vec::new(),
        blocks,
    }
}
