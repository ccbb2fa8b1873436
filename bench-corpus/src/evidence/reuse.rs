//! A run that would measure again what it measured last time is not made: its files stay, and the note beside them says how many rows they hold.
//!
//! The note lists everything a run depends on and everything it wrote, each by its digest or its text. One difference, and all is measured anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::folder::Folder;
use super::process::{self, Built};
use super::provenance::{self, hexadecimal};

/// The note in a fresh folder; the judge reads `reused-rows` from it.
pub const FILE: &str = "reuse.tsv";

/// The rows that were kept, in the note.
const REUSED: &str = "reused-rows";

/// How the items of written files begin.
const WRITTEN: &str = "written.";

/// What a run reads besides sources and tools: the declared files, and the judge, which diagnostics are raised by.
const INPUTS: &[&str] =
    &["allocator", "perf", "tools/gate", "tools/fixtures", "tools/allocator-fast-path-check.py"];

/// Variables that change how programs run; others do not reach what is measured.
const VARIABLES: &[&str] = &["COMPILER_ALLOC", "GLIBC_TUNABLES", "LD_", "MALLOC_", "MIMALLOC_"];

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Row {
    item: String,
    value: String,
}

/// The rows that the files of the last run hold, if a run now would measure the same.
///
/// # Errors
/// What is not as it was, in words: there is no last run, or something it depends on or wrote has changed.
pub fn rows_kept(repository: &Folder, out: &Folder) -> Result<usize, String> {
    let last = out.read::<Row>(FILE).map_err(|_| "no run was made before".to_owned())?;
    let last: BTreeMap<String, String> = last.into_iter().map(|row| (row.item, row.value)).collect();
    let now = items(repository, out)?;
    let differs = now.iter().find(|(item, value)| last.get(*item) != Some(value)).map(|(item, _)| item);
    let gone = last.keys().find(|item| *item != REUSED && !now.contains_key(*item));
    match differs.or(gone) {
        Some(item) => Err(format!("{item} is not as it was")),
        None => Ok(rows(out)),
    }
}

/// Writes the note: what the files of `out` depend on now, and how many rows of them were kept.
///
/// # Errors
/// When it cannot be written.
pub fn write(repository: &Folder, out: &Folder, kept: usize) -> Result<(), String> {
    let mut rows: Vec<Row> =
        items(repository, out)?.into_iter().map(|(item, value)| Row { item, value }).collect();
    rows.push(Row { item: REUSED.to_owned(), value: kept.to_string() });
    out.write(FILE, &rows)
}

/// Removes the note: until the next is written nothing here may be kept.
pub fn forget(out: &Folder) {
    let _ = fs::remove_file(out.path(FILE));
}

/// Everything a run depends on and everything it wrote.
fn items(repository: &Folder, out: &Folder) -> Result<BTreeMap<String, String>, String> {
    let mut items: BTreeMap<String, String> = provenance::made_from(repository)?.into_iter().collect();
    let own = std::env::current_exe().map_err(|error| format!("this program: {error}"))?;
    items.insert("program".to_owned(), provenance::sha256_of(&own)?);
    // What was measured still is what was built then.
    for built in out.read::<Built>(process::PROGRAMS).unwrap_or_default() {
        let now = provenance::sha256_of(&built.program).unwrap_or_default();
        items.insert(format!("built.{}", built.program.display()), now);
    }
    let mut variables: Vec<String> = provenance::environment()
        .filter(|(name, _)| VARIABLES.iter().any(|known| name.starts_with(known)))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    variables.sort_unstable();
    items.insert("environment".to_owned(), digest_of(variables.join("\n").as_bytes()));
    for input in INPUTS {
        digest_below(repository.root(), input, "read.", &mut items)?;
    }
    digest_below(out.root(), "", WRITTEN, &mut items)?;
    items.remove(&format!("{WRITTEN}{FILE}"));
    Ok(items)
}

/// Digests of a file, or of the files below a folder, by their path after `prefix`. Hidden files and what Python leaves behind are none.
fn digest_below(
    root: &Path,
    path: &str,
    prefix: &str,
    items: &mut BTreeMap<String, String>,
) -> Result<(), String> {
    let full = root.join(path);
    if !full.is_dir() {
        let Ok(bytes) = fs::read(&full) else { return Ok(()) };
        items.insert(format!("{prefix}{path}"), digest_of(&bytes));
        return Ok(());
    }
    for entry in fs::read_dir(&full).map_err(|error| format!("{}: {error}", full.display()))? {
        let name = entry.map_err(|error| format!("{}: {error}", full.display()))?.file_name();
        let Some(name) = name.to_str().filter(|name| !name.starts_with('.') && *name != "__pycache__") else {
            continue;
        };
        let below = if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
        digest_below(root, &below, prefix, items)?;
    }
    Ok(())
}

fn digest_of(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// Rows of the generated files in `out`: their lines without the header.
fn rows(out: &Folder) -> usize {
    let lines =
        |file: &&str| out.bytes(file).map_or(0, |bytes| bytes.split(|&byte| byte == b'\n').count() - 2);
    super::generated().iter().map(lines).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(folder: &Folder, file: &str, text: &str) {
        folder.write_bytes(file, text.as_bytes()).expect("a file is written");
    }

    #[test]
    fn a_run_is_kept_until_something_that_it_read_or_wrote_changes() {
        let repository = tempfile::tempdir().expect("a temporary folder");
        let out = tempfile::tempdir().expect("a temporary folder");
        let (repository, out) = (Folder::at(repository.path()), Folder::at(out.path()));
        written(&repository, "Cargo.lock", "a");
        written(&repository, "compiler-alloc/src/lib.rs", "fn a() {}");
        written(&repository, "allocator/profiles.tsv", "profile\na\n");
        written(&out, "release/allocator-stress-report.tsv", "case\na\nb\n");
        assert!(rows_kept(&repository, &out).is_err(), "nobody ran before");
        let note = |kept| write(&repository, &out, kept).expect("the note is written");
        note(0);
        assert_eq!(rows_kept(&repository, &out), Ok(2));
        note(2);
        assert_eq!(rows_kept(&repository, &out), Ok(2), "a run that was kept is kept again");
        for (folder, file, before, after) in [
            (&repository, "allocator/profiles.tsv", "profile\na\n", "profile\nb\n"),
            (&repository, "compiler-alloc/src/lib.rs", "fn a() {}", "fn b() {}"),
            (&repository, "Cargo.lock", "a", "b"),
            (&out, "release/allocator-stress-report.tsv", "case\na\nb\n", "case\na\nc\n"),
        ] {
            written(folder, file, after);
            assert!(rows_kept(&repository, &out).is_err(), "{file} changed");
            written(folder, file, before);
            assert_eq!(rows_kept(&repository, &out), Ok(2), "{file} is as it was");
        }
        let program = repository.path("built/program");
        written(&out, process::PROGRAMS, &format!("program\tsha256\n{}\tx\n", program.display()));
        written(&repository, "built/program", "a");
        note(0);
        assert_eq!(rows_kept(&repository, &out), Ok(2));
        written(&repository, "built/program", "b");
        assert!(rows_kept(&repository, &out).is_err(), "another program in its place");
        written(&repository, "built/program", "a");
        written(&out, "traces/x.tsv", "x");
        assert!(rows_kept(&repository, &out).is_err(), "a file more");
        fs::remove_file(out.path("traces/x.tsv")).expect("it was written");
        fs::remove_file(out.path("release/allocator-stress-report.tsv")).expect("it was written");
        assert!(rows_kept(&repository, &out).is_err(), "a file less");
        forget(&out);
        assert!(rows_kept(&repository, &out).is_err());
    }
}
