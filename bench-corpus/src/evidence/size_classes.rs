//! `allocator/size-classes.tsv`: declared rows as they are, and one row a block class from the library's const table.

use compiler_alloc::size_class::SizeClass;
use serde::{Deserialize, Serialize};

use super::decimal;
use super::folder::{ABSENT, BUILT, Folder};
use super::order::{self, PROFILES};

/// The file.
pub const FILE: &str = "allocator/size-classes.tsv";

/// The profiles whose table of blocks is [`SizeClass`]'s.
const HEAPS: &[&str] = &["hosted-small", "hosted-server", "test-fixture"];

const BLOCK: &str = "block";

/// What blocks for every face are aligned to.
const ANY_ALIGN: usize = 16;

#[derive(Clone, Serialize, Deserialize)]
struct Row {
    profile: String,
    class: String,
    kind: String,
    face: String,
    bytes_min: String,
    bytes_max: String,
    granule: String,
    slab_bytes: String,
    slab_blocks: String,
    waste_percent: String,
    path: String,
    instructions_budget: String,
    instructions_released: String,
    branches_budget: String,
    branches_released: String,
    decision: String,
    symbol: String,
    status: String,
    reason: String,
}

#[derive(Deserialize)]
struct Profile {
    profile: String,
    status: String,
}

/// Writes the file into `out`.
///
/// # Errors
/// When a declared file cannot be read or the file not be written.
pub fn write(repository: &Folder, out: &Folder) -> Result<(), String> {
    let mut rows: Vec<Row> = repository.read(FILE)?;
    rows.retain(|row| row.kind != BLOCK);
    let profiles: Vec<Profile> = repository.read("allocator/profiles.tsv")?;
    for profile in profiles.iter().filter(|row| row.status == BUILT && HEAPS.contains(&row.profile.as_str()))
    {
        rows.extend(blocks(&profile.profile));
    }
    rows.sort_by_key(|row| (order::place(PROFILES, &row.profile), order::natural(&row.class)));
    out.write(FILE, &rows)
}

/// A row a class, the smallest block first.
fn blocks(profile: &str) -> Vec<Row> {
    let mut classes: Vec<SizeClass> = SizeClass::all().collect();
    classes.sort_by_key(|class| class.block_bytes());
    // The largest smaller block that serves every face, and the largest smaller block of all.
    let (mut below_any, mut below) = (0, 0);
    let mut rows = Vec::with_capacity(classes.len());
    for class in classes {
        let bytes = class.block_bytes();
        let is_for_any = bytes.is_multiple_of(ANY_ALIGN);
        let step = bytes - if is_for_any { below_any } else { below };
        rows.push(Row {
            profile: profile.to_owned(),
            class: format!("block-{bytes}"),
            kind: BLOCK.to_owned(),
            face: if is_for_any { "any" } else { "layout" }.to_owned(),
            bytes_min: (below + 1).to_string(),
            bytes_max: bytes.to_string(),
            granule: step.to_string(),
            slab_bytes: class.slab_bytes().to_string(),
            slab_blocks: class.slab_blocks().to_string(),
            waste_percent: decimal::ratio(100 * (step as i64 - 1), bytes as i64),
            path: ABSENT.to_owned(),
            instructions_budget: ABSENT.to_owned(),
            instructions_released: ABSENT.to_owned(),
            branches_budget: ABSENT.to_owned(),
            branches_released: ABSENT.to_owned(),
            decision: ABSENT.to_owned(),
            symbol: "SizeClass".to_owned(),
            status: BUILT.to_owned(),
            reason: "From the library's const table.".to_owned(),
        });
        below = bytes;
        if is_for_any {
            below_any = bytes;
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_say_what_the_table_does_with_every_request() {
        let rows = blocks("hosted-small");
        let row_of = |class: SizeClass| {
            let name = format!("block-{}", class.block_bytes());
            rows.iter().find(|row| row.class == name).expect("every class has a row")
        };
        let number = |cell: &str| cell.parse::<usize>().expect("a count");
        for bytes in 1..=compiler_alloc::size_class::BLOCK_BYTES_MAX {
            let by_layout = row_of(SizeClass::of_layout(bytes, 8).expect("a block serves it"));
            assert!(
                (number(&by_layout.bytes_min)..=number(&by_layout.bytes_max)).contains(&bytes),
                "{bytes}"
            );
            let by_size = row_of(SizeClass::of_bytes(bytes).expect("a block serves it"));
            assert_eq!(by_size.face, "any", "{bytes}");
            assert!(number(&by_size.bytes_max) - number(&by_size.granule) < bytes, "{bytes}");
        }
        assert_eq!(rows.len(), SizeClass::all().count());
    }
}
