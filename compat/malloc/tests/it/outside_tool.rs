//! Programs that the tests run and that the repository does not bring: rows of `tools/outside-tools.tsv`.

use std::path::Path;
use std::process::Command;

/// Panics with the sentence of `bench-corpus doctor` if the tool called `name` is not here.
pub fn need(name: &str) {
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/outside-tools.tsv");
    let text = std::fs::read_to_string(table).unwrap();
    let row = text.lines().map(|line| line.split('\t').collect::<Vec<_>>()).find(|row| row[0] == name);
    let row = row.unwrap_or_else(|| panic!("{name} is not a row of tools/outside-tools.tsv"));
    let mut words = row[1].split(' ');
    let answer = Command::new(words.next().unwrap()).args(words).output();
    let present = answer.is_ok_and(|output| output.status.success());
    assert!(present, "{name} is missing (needed for {}); get it with: {}", row[3], row[4]);
}
