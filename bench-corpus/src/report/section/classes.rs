//! Size classes: what the smallest request that a class serves leaves unused.

use serde_json::json;

use super::super::document::{Block, Cell, Fact, Figure, Quantity, Section, Table};
use super::super::input::{ClassRow, Inputs, decimal};
use super::super::spread::distinct;
use super::MAKE_EVIDENCE;

/// From requests of this many bytes on the waste is bounded by the steps of the classes, not by the smallest block.
const LARGE_BYTES: f64 = 1024.0;

/// The section.
///
/// # Errors
/// A sentence when a value of the evidence is no number.
pub fn section(inputs: &Inputs) -> Result<Section, String> {
    let blocks_of = |profile: &str| {
        inputs.classes.iter().filter(|row| row.kind == "block" && row.profile == profile).collect::<Vec<_>>()
    };
    let profiles =
        distinct(inputs.classes.iter().filter(|row| row.kind == "block").map(|row| row.profile.as_str()));
    let mut blocks = Vec::new();
    let mut facts = Vec::new();
    match profiles.first() {
        None => {
            let what = "The evidence has no block classes.".into();
            blocks.push(Block::Absent { what, remedy: MAKE_EVIDENCE });
        }
        Some(first) => {
            let rows = blocks_of(first);
            facts.push(largest(&rows)?);
            facts.push(Fact::told(format!("Block classes of {first}"), Quantity::new(rows.len(), "")));
            blocks.push(Block::Figure(figure(first, &rows)?));
            let (same, other): (Vec<&str>, Vec<&str>) = profiles.iter().skip(1).partition(|profile| {
                blocks_of(profile).iter().map(|row| key(row)).eq(rows.iter().map(|row| key(row)))
            });
            if !same.is_empty() {
                blocks.push(Block::Note(format!("The same classes, row by row: {}.", same.join(", "))));
            }
            if !other.is_empty() {
                blocks.push(Block::Note(format!(
                    "Other classes, in `allocator/size-classes.tsv`: {}.",
                    other.join(", ")
                )));
            }
        }
    }
    Ok(Section {
        id: "classes",
        title: "Size classes",
        lead: "A request is served by the smallest block that holds it. The waste of a class is the share of its block that the smallest \
               request it serves leaves unused: the worst case, not the average.",
        facts,
        blocks,
    })
}

fn key(row: &ClassRow) -> [&String; 7] {
    [
        &row.class,
        &row.face,
        &row.bytes_min,
        &row.bytes_max,
        &row.slab_bytes,
        &row.slab_blocks,
        &row.waste_percent,
    ]
}

fn cell(text: &str, row: &ClassRow) -> Result<f64, String> {
    decimal(text, &format!("allocator/size-classes.tsv: {} of {}", row.class, row.profile))
}

/// The most that a large request can leave unused.
fn largest(rows: &[&ClassRow]) -> Result<Fact, String> {
    let mut most: (f64, &str) = (0.0, "0");
    for row in rows {
        let waste = cell(&row.waste_percent, row)?;
        if cell(&row.bytes_min, row)? > LARGE_BYTES && waste > most.0 {
            most = (waste, &row.waste_percent);
        }
    }
    Ok(Fact::told(
        "Most that a request above 1 KiB can leave unused of its block",
        Quantity::new(most.1, "percent"),
    ))
}

fn figure(profile: &str, rows: &[&ClassRow]) -> Result<Figure, String> {
    let mut data = Vec::new();
    let mut table = Table::new(
        format!("Block classes of {profile}"),
        &["class", "face", "requests from", "to", "slab", "blocks a slab", "waste at most"],
    );
    for row in rows {
        data.push(json!({
            "face": row.face,
            "min": cell(&row.bytes_min, row)?,
            "max": cell(&row.bytes_max, row)?,
            "waste": cell(&row.waste_percent, row)?,
        }));
        table.rows.push(vec![
            Cell::code(&*row.class),
            Cell::text(&*row.face),
            Cell::number(&row.bytes_min, ""),
            Cell::number(&row.bytes_max, ""),
            Cell::number(&row.slab_bytes, "bytes"),
            Cell::number(&row.slab_blocks, ""),
            Cell::number(&row.waste_percent, "percent"),
        ]);
    }
    Ok(Figure {
        id: "waste",
        title: format!("Waste of each block class, {profile}"),
        reading: "Each bar is a class: as wide as the requests it serves, as high as its worst waste. Classes of the face `layout` serve only \
                  requests that come with a `Layout` of at most 8-byte alignment; `malloc` goes to the next class of the face `any`."
            .into(),
        kind: "waste",
        data: json!({ "rows": data }),
        table,
    })
}
