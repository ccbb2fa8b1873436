//! The corpus table `c-corpus.tsv`: one translation unit of C a row. Its columns are described in `corpora/README.md`.

use std::path::Path;

use serde::Deserialize;

/// Which part of the table a command works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Set {
    /// 210 units of 7 packages: what the main job runs.
    Quick,
    /// Every row of the table; includes the quick set.
    Full,
}

impl Set {
    /// The word in the table's `set` column, on the command line and in folder names.
    pub fn name(self) -> &'static str {
        match self {
            Set::Quick => "quick",
            Set::Full => "full",
        }
    }
}

/// One row: a translation unit and how it is compiled. The table's other columns (raw lines, preprocessed bytes) are for readers.
#[derive(Clone, Debug, Deserialize)]
pub struct Row {
    /// The smallest set that has the unit.
    pub set: Set,
    /// Name of the package that carries the source.
    pub package: String,
    /// Exact version, build metadata included.
    pub version: String,
    /// Path of the unit below the package's root.
    pub path: String,
    /// Compiler flags, separated by spaces; relative to the package's root. Quotes are literal.
    pub flags: String,
    /// Non-blank lines after gcc's preprocessor.
    pub pp_lines: u64,
}

/// Reads the rows of `set` from the table at `path`, in the table's order.
///
/// # Errors
/// A sentence naming the file, and the line when a row is not as the table's header says.
pub fn read(path: &Path, set: Set) -> Result<Vec<Row>, String> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(b'\t')
        .quoting(false)
        .from_path(path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let rows: Result<Vec<Row>, csv::Error> = reader.deserialize().collect();
    let rows = rows.map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(rows.into_iter().filter(|row| set == Set::Full || row.set == Set::Quick).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn committed(set: Set) -> Vec<Row> {
        read(&crate::corpus::committed_folder().join("c-corpus.tsv"), set)
            .expect("the committed table is readable")
    }

    #[test]
    fn the_committed_quick_set_is_210_units_of_960670_preprocessed_lines() {
        let rows = committed(Set::Quick);
        assert_eq!(rows.len(), 210);
        assert_eq!(rows.iter().map(|row| row.pp_lines).sum::<u64>(), 960_670);
    }

    #[test]
    fn the_full_set_is_every_row() {
        let rows = committed(Set::Full);
        assert_eq!(rows.len(), 1492);
        assert_eq!(rows.iter().map(|row| row.pp_lines).sum::<u64>(), 9_256_027);
    }

    #[test]
    fn quotes_in_a_flag_stay_part_of_it() {
        let rows = committed(Set::Full);
        let quoted =
            rows.iter().find(|row| row.package == "libgit2-sys").expect("libgit2 is in the full set");
        assert!(quoted.flags.contains(r#"-DSHA1DC_CUSTOM_INCLUDE_SHA1_C="common.h""#), "{}", quoted.flags);
    }

    #[test]
    fn a_row_with_a_wrong_number_is_named_by_file_and_line() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("table.tsv");
        let text = "set\tpackage\tversion\tpath\tflags\tlines\tpp_lines\tpp_bytes\nquick\tp\t1.0.0\ta.c\t-DX\t1\tmany\t1\n";
        std::fs::write(&path, text).expect("the table is written");
        let error = read(&path, Set::Quick).expect_err("`many` is not a number");
        assert!(error.contains("table.tsv") && error.contains("line: 2"), "{error}");
    }
}
