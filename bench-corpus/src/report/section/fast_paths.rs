//! Fast paths: counts of ours and of the peers on the same case, and what they execute, side by side.

use serde_json::json;

use super::super::document::{
    Block, Cell, Column, Fact, Figure, Listing, Quantity, Section, Standing, Table,
};
use super::super::input::{Inputs, PathRow, StepRow, decimal};
use super::super::spread::distinct;
use super::super::turn;
use super::MAKE_EVIDENCE;

const OURS: &str = "ours";
const INSTRUCTIONS: &str = "instructions";
const BRANCHES: &str = "branches";
const GATE: &str = "make allocator-fast-path-check";

/// The section.
///
/// # Errors
/// A sentence when a value of the evidence is no number, or a raw trace is none.
pub fn section(inputs: &Inputs) -> Result<Section, String> {
    let mut blocks = Vec::new();
    let mut facts = Vec::new();
    if inputs.steps.is_empty() {
        let what = "The evidence has no stepped counts.".into();
        blocks.push(Block::Absent { what, remedy: MAKE_EVIDENCE });
    } else {
        facts.push(cheapest(inputs)?);
        facts.extend(headline(inputs, "compiler-internal", "alloc-24", "Allocate 24 bytes from an arena"));
        facts.extend(headline(inputs, "hosted-small", "malloc-16", "`malloc(16)`, entry to return"));
        facts.extend(headline(inputs, "hosted-small", "free-16", "`free` of 16 bytes, entry to return"));
        blocks.push(Block::Figure(figure(inputs)?));
        blocks.extend(listings(inputs)?);
    }
    Ok(Section {
        id: "fast-paths",
        title: "Fast paths",
        lead: "Every path is stepped instruction by instruction in the code a release user runs, and so are the peers' on the same case. \
               Counts are what one operation executes beyond the same function without it.",
        facts,
        blocks,
    })
}

fn rows_of<'i>(inputs: &'i Inputs, profile: &str, path: &str, metric: &str) -> Vec<&'i StepRow> {
    let is_wanted = |row: &&StepRow| row.profile == profile && row.path == path && row.metric == metric;
    inputs.steps.iter().filter(is_wanted).collect()
}

/// The instructions of one of our paths beside their budget.
fn headline(inputs: &Inputs, profile: &str, path: &str, name: &str) -> Option<Fact> {
    let row = rows_of(inputs, profile, path, INSTRUCTIONS).into_iter().find(|row| row.subject == OURS)?;
    Some(Fact {
        name: name.into(),
        value: Quantity::new(&row.net, INSTRUCTIONS),
        limit: if row.released_budget == "-" {
            String::new()
        } else {
            format!("at most {}", row.released_budget)
        },
        standing: Standing::of_verdict(&row.verdict),
    })
}

/// On how many of the cases that a peer offers too nobody executes fewer instructions than we do.
fn cheapest(inputs: &Inputs) -> Result<Fact, String> {
    let (mut cheapest, mut compared) = (0, 0);
    for (profile, path) in paths(inputs) {
        let (mut ours, mut best) = (None, f64::INFINITY);
        for row in rows_of(inputs, profile, path, INSTRUCTIONS) {
            let net = decimal(&row.net, &format!("release: {path} of {}", row.subject))?;
            if row.subject == OURS {
                ours = Some(net);
            } else if !row.subject.starts_with(OURS) {
                best = best.min(net);
            }
        }
        if let Some(ours) = ours.filter(|_| best.is_finite()) {
            compared += 1;
            cheapest += usize::from(ours <= best);
        }
    }
    let name = "Cases stepped for a peer too in which no peer executes fewer instructions";
    let fact = Fact::share(name, cheapest, compared);
    Ok(Fact { standing: Standing::Told, ..fact })
}

/// Profile and path, in the order of the evidence.
fn paths(inputs: &Inputs) -> Vec<(&str, &str)> {
    let mut paths: Vec<(&str, &str)> = Vec::new();
    for row in &inputs.steps {
        if !paths.contains(&(&row.profile, &row.path)) {
            paths.push((&row.profile, &row.path));
        }
    }
    paths
}

fn figure(inputs: &Inputs) -> Result<Figure, String> {
    let subjects = distinct(inputs.steps.iter().map(|row| row.subject.as_str()));
    let mut data = Vec::new();
    let head = ["path", "profile", "count"].into_iter().chain(subjects.iter().copied());
    let mut table = Table::new("Counts over nothing, by path and subject", &head.collect::<Vec<_>>());
    for (profile, path) in paths(inputs) {
        let metrics = distinct(
            inputs
                .steps
                .iter()
                .filter(|row| row.profile == profile && row.path == path)
                .map(|row| row.metric.as_str()),
        );
        for metric in metrics {
            let rows = rows_of(inputs, profile, path, metric);
            let of = |subject: &&str| rows.iter().find(|row| row.subject == *subject);
            let counts = subjects
                .iter()
                .map(|subject| of(subject).map_or(Cell::Nothing, |row| Cell::number(&row.net, "")));
            let names = [Cell::code(path), Cell::text(profile), Cell::text(metric)];
            table.rows.push(names.into_iter().chain(counts).collect());
            if metric == INSTRUCTIONS {
                for row in &rows {
                    let net = decimal(&row.net, &format!("release: {path} of {}", row.subject))?;
                    data.push(
                        json!({ "path": path, "profile": profile, "subject": row.subject, "value": net }),
                    );
                }
            }
        }
    }
    Ok(Figure {
        id: "counts",
        title: "Instructions of one operation, ours and the peers'".into(),
        reading: "Logarithmic scale, lower is better. `ours-1` is our arena with one-byte alignment, `bumpalo-8` bumpalo with eight; \
                  `system` is the C library's `malloc`."
            .into(),
        kind: "counts",
        data: json!({ "rows": data, "subjects": subjects }),
        table,
    })
}

/// A listing for every case that has raw traces, and what is to be said about those that have none.
fn listings(inputs: &Inputs) -> Result<Vec<Block>, String> {
    let mut blocks = Vec::new();
    let mut listings = Vec::new();
    let (mut missing, mut foreign) = (0, 0);
    for path in &inputs.paths {
        let counts = rows_of(inputs, &path.profile, &path.path, INSTRUCTIONS);
        if counts.is_empty() {
            continue;
        }
        let (listing, is_same) = listing(inputs, path, &counts)?;
        if listing.columns.is_empty() {
            missing += 1;
            continue;
        }
        foreign += usize::from(!is_same);
        listings.push(listing);
    }
    if !listings.is_empty() {
        let text = "What a subject executes, one operation a listing. Letters before an instruction: `l` load, `s` store, `b` conditional \
                    branch, `B` one that jumps, `L` locked, `K` into the kernel, `c` call.";
        blocks.push(Block::Note(text.into()));
    }
    if foreign > 0 {
        let text = format!(
            "Of {foreign} paths the traces here are not those whose counts stand in the evidence: the listings are of a later or earlier build."
        );
        blocks.push(Block::Note(text));
    }
    // The one that most subjects offer is an example of what the others hold.
    if let Some(widest) = listings.iter_mut().rev().max_by_key(|listing| listing.columns.len()) {
        widest.is_open = true;
    }
    blocks.extend(listings.into_iter().map(Block::Listing));
    if missing > 0 {
        let what = format!("Of {missing} paths there are no raw traces, which are not committed.");
        blocks.push(Block::Absent { what, remedy: GATE });
    }
    Ok(blocks)
}

/// What every subject executes on a path, and whether the traces are the evidence's.
fn listing(inputs: &Inputs, path: &PathRow, counts: &[&StepRow]) -> Result<(Listing, bool), String> {
    let mut columns = Vec::new();
    let mut is_same = true;
    for row in counts {
        let Some(turn) = turn::read(&inputs.traces, &path.case, &row.subject)? else { continue };
        is_same &= turn::digest(&inputs.traces, &path.case, &row.subject).as_ref() == Some(&row.trace_sha256);
        let branches = rows_of(inputs, &path.profile, &path.path, BRANCHES);
        let branches =
            branches.iter().find(|other| other.subject == row.subject).map_or("-", |other| &other.net);
        columns.push(Column {
            subject: row.subject.clone(),
            counts: format!("{} / {branches}", row.net),
            extent: turn.extent,
            lines: turn.lines,
        });
    }
    // Ours first, then as in the evidence.
    columns.sort_by_key(|column| !column.subject.starts_with(OURS));
    let title = format!("{} {}", path.profile, path.path);
    Ok((Listing { title, entry: path.entry.clone(), is_open: false, columns }, is_same))
}
