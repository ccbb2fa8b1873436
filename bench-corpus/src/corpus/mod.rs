//! The corpus: C code that nobody here wrote, pinned by cargo, and the runs of the passes over it.

pub mod compare;
pub mod frontend;
pub mod meter;
pub mod packages;
pub mod rounds;
pub mod run;
pub mod run_report;
pub mod table;
pub mod trace;
pub mod unit;

pub use bench_measured::usage;

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::cli;
use packages::Packages;
use table::{Row, Set};
use unit::Unit;

/// Flags of `bench-corpus corpus`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

/// What to do with the corpus.
#[derive(clap::Subcommand)]
enum Action {
    /// List the units: name, preprocessed lines, and the gcc call that accepts each
    List(Selection),
    /// Run the passes over the units and show what each pass used
    Run(run::Args),
    /// Run the passes on our arenas and on bumpalo, in turn, and judge faults and memory
    Compare(compare::Args),
}

/// Runs `bench-corpus corpus`.
pub fn run(args: &Args) -> ExitCode {
    let (command, selection) = match &args.action {
        Action::List(selection) => ("corpus list", selection),
        Action::Run(args) => ("corpus run", &args.selection),
        Action::Compare(args) => ("corpus compare", &args.selection),
    };
    if let Some(reason) = selection.misuse() {
        return cli::misused(command, &reason);
    }
    match &args.action {
        Action::List(selection) => list(selection),
        Action::Run(args) => run::run(args),
        Action::Compare(args) => compare::run(args),
    }
}

/// Prints one line a unit, then the totals.
fn list(selection: &Selection) -> ExitCode {
    let units = match selection.units() {
        Ok(units) => units,
        Err(reason) => return cli::fail("corpus list", &reason),
    };
    for unit in &units {
        let folder = unit.root.to_string_lossy();
        let words = unit.flags.iter().map(String::as_str).chain([unit.path.as_str()]);
        let words: Vec<_> = words.map(shell_word).collect();
        println!(
            "{}\t{}\tcd {} && gcc -fsyntax-only {}",
            unit.name(),
            unit.pp_lines,
            shell_word(&folder),
            words.join(" ")
        );
    }
    println!(
        "total\t{} units, {} preprocessed lines",
        units.len(),
        units.iter().map(|unit| unit.pp_lines).sum::<u64>()
    );
    ExitCode::SUCCESS
}

/// `word` as a shell reads it as one word.
fn shell_word(word: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return Cow::Borrowed(word);
    }
    Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")))
}

/// The flags that choose units of the corpus.
#[derive(clap::Args, Clone, Debug)]
pub struct Selection {
    /// Which set of units
    #[arg(long, value_enum, default_value = "quick")]
    pub set: Set,
    /// Only units whose package/path contains this text
    #[arg(long, value_name = "TEXT")]
    pub unit: Option<String>,
    /// The folder with c-corpus.tsv, the manifests and the shims [default: the one of this checkout]
    #[arg(long, value_name = "FOLDER", value_parser = cli::folder)]
    pub corpora: Option<PathBuf>,
}

/// The passes on compiler-alloc.
pub type Ours = passes::memory::arenas::ArenaMemory;

/// The folder of corpora in the checkout that this program was built from.
pub fn committed_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpora")
}

impl Selection {
    /// The folder with the table, the manifests and the shims.
    pub fn folder(&self) -> PathBuf {
        self.corpora.clone().unwrap_or_else(committed_folder)
    }

    /// The manifest that pins the packages of the set.
    pub fn manifest(&self) -> PathBuf {
        self.folder().join(self.set.name()).join("Cargo.toml")
    }

    /// The chosen rows of the table, in its order.
    ///
    /// # Errors
    /// A sentence naming what is wrong with the table.
    pub fn rows(&self) -> Result<Vec<Row>, String> {
        let mut rows = table::read(&self.folder().join("c-corpus.tsv"), self.set)?;
        let text = self.unit.as_deref().unwrap_or_default();
        rows.retain(|row| format!("{}/{}", row.package, row.path).contains(text));
        Ok(rows)
    }

    /// What is wrong with the flags, before anything is done: a text that no unit contains. A table that cannot be read is not their fault.
    pub fn misuse(&self) -> Option<String> {
        let (set, text) = (self.set.name(), self.unit.as_ref()?);
        let is_empty = self.rows().is_ok_and(|rows| rows.is_empty());
        is_empty.then(|| {
            format!("no unit of the {set} set contains {text:?}; `bench-corpus corpus list --set {set}` lists them")
        })
    }

    /// The chosen units, every file checked to be there. Reads cargo's home and nothing else outside the checkout.
    ///
    /// # Errors
    /// A sentence naming the package or file that is missing and the command that brings it.
    pub fn units(&self) -> Result<Vec<Unit>, String> {
        let rows = self.rows()?;
        let packages = Packages::locate(&self.manifest()).map_err(|reason| {
            let set = self.set.name();
            format!("the {set} set is not fetched; run `bench-corpus fetch --set {set}` first: {reason}")
        })?;
        let shim = self.folder().join("shim");
        rows.iter().map(|row| Unit::of(row, &packages, &shim)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::shell_word;

    #[test]
    fn a_shell_reads_a_word_as_it_was() {
        assert_eq!(shell_word("-DA=b/c.h"), "-DA=b/c.h");
        for word in ["", "-DA=\"common.h\"", "it's", "a b", "$HOME", "-DF(x)=x", "*"] {
            let script = format!("printf %s {}", shell_word(word));
            let output = std::process::Command::new("sh").args(["-c", &script]).output().expect("sh runs");
            assert_eq!(String::from_utf8_lossy(&output.stdout), word);
        }
    }
}
