//! The C frontend beside other compilers: TARGETS F1 to F5; layouts held against gcc's; the same frontend on other memory.

mod compiler;
mod corpus_run;
mod layouts;
mod one_file;
mod share;

use std::process::ExitCode;

use crate::cli;
use crate::corpus::Selection;
use crate::corpus::table::Set;
use crate::corpus::unit::Unit;
use crate::fetch;
use crate::measure::{self, ContestRow, PAIRS_MIN};
use crate::verdict::{Verdict, conclude};
use compiler::Compiler;

/// Flags of `bench-corpus frontend`.
#[derive(clap::Args)]
pub struct Args {
    /// Alternating runs; a verdict on a ratio needs at least 15
    #[arg(long, default_value_t = PAIRS_MIN, value_parser = cli::pairs)]
    pairs: usize,
    /// Only the targets whose name starts with this: F1, F2, F3, F4, F5
    #[arg(long, value_parser = target)]
    target: Option<String>,
    /// The corpus of F3, F4, the trees of F5, and of `--share`
    #[arg(long, value_enum, default_value = "full")]
    set: Set,
    /// Only run sqlite3.c and an empty file under every compiler, or what `--share` runs, and print one row a run, comma-separated
    #[arg(long, conflicts_with_all = ["target", "layouts"])]
    csv: bool,
    /// Only hold the layout of every record and type name at the top of every unit of the quick set against gcc's
    #[arg(long, conflicts_with = "target")]
    layouts: bool,
    /// Only show what the allocator is worth: the same passes on our arenas, bumpalo and a `Box` for every node, over glibc and mimalloc
    #[arg(long, conflicts_with_all = ["target", "layouts"])]
    share: bool,
    /// Rounds of the passes in each process of `--share`; with more than one the last is shown, whose memory is warm
    #[arg(long, default_value_t = 1, requires = "share", value_name = "R", value_parser = cli::count)]
    rounds: usize,
    /// Only units whose package/path contains this text, for `--share`
    #[arg(long, requires = "share", value_name = "TEXT")]
    unit: Option<String>,
}

const TARGETS: [&str; 5] = ["F1", "F2", "F3", "F4", "F5"];

/// Reads the beginning of a target's name.
fn target(text: &str) -> Result<String, String> {
    cli::target(text, &TARGETS)
}

/// Runs `bench-corpus frontend`: exit 1 if a target is missed or a layout differs.
pub fn run(args: &Args) -> ExitCode {
    if args.layouts {
        return match quick_units("").and_then(|units| layouts::compare(&units)) {
            Ok(report) => report.conclude(),
            Err(reason) => cli::fail("frontend", &reason),
        };
    }
    if args.share {
        return match share(args) {
            Ok(()) => ExitCode::SUCCESS,
            Err(reason) => cli::fail("frontend", &reason),
        };
    }
    if args.csv {
        return match rows(args.pairs) {
            Ok(()) => ExitCode::SUCCESS,
            Err(reason) => cli::fail("frontend", &reason),
        };
    }
    match frontend(args) {
        Ok(verdicts) => conclude(&verdicts),
        Err(reason) => cli::fail("frontend", &reason),
    }
}

fn frontend(args: &Args) -> Result<Vec<Verdict>, String> {
    let wanted = |target: &str| cli::wants(args.target.as_deref(), target);
    let ours = Compiler::ours()?;
    let mut verdicts = Vec::new();
    if wanted("F1") {
        let file = one_file::OneFile::new(sqlite()?, ours.clone(), peers()?)?;
        verdicts.extend(file.speed(args.pairs)?);
    }
    if wanted("F2") {
        verdicts.extend(one_file::memory(&ours, &sqlite()?)?);
    }
    if ["F3", "F4", "F5"].into_iter().any(wanted) {
        let units = Selection { set: args.set, unit: None, corpora: None };
        fetch::fetch(&units, false)?;
        let corpus = corpus_run::CorpusRun::new(&ours, units.units()?)?;
        if wanted("F3") {
            verdicts.extend(corpus.beside_clang(&Compiler::clang()?, args.pairs)?);
        }
        if wanted("F4") {
            verdicts.push(corpus.two_threads(args.pairs)?);
        }
        if wanted("F5") {
            verdicts.push(corpus.trees()?);
            verdicts.push(corpus_run::steady_faults()?);
        }
    }
    Ok(verdicts)
}

/// The same frontend on other memory: a table, or rows.
fn share(args: &Args) -> Result<(), String> {
    let selection = Selection { set: args.set, unit: args.unit.clone(), corpora: None };
    fetch::fetch(&selection, false)?;
    let units = selection.units()?;
    let folder = tempfile::tempdir().map_err(|error| format!("no list of commands: {error}"))?;
    let commands = corpus_run::write_commands(&units, folder.path())?;
    let share = share::Share::new(&units, &commands, args.rounds)?;
    let results = share.equal_results()?;
    let runs = share.run(args.pairs)?;
    if args.csv {
        return share.write_rows(&runs);
    }
    print!("{}", share.table(&runs, &results));
    Ok(())
}

/// Compilers beside ours: clang, which targets compare with, and those of the others that are here.
fn peers() -> Result<Vec<Compiler>, String> {
    let mut peers = vec![Compiler::clang()?];
    for other in [Compiler::gcc(), Compiler::tcc()] {
        match other {
            Ok(compiler) => peers.push(compiler),
            Err(reason) => eprintln!("          left out: {reason}"),
        }
    }
    Ok(peers)
}

/// Units of the quick set whose names contain `text`.
fn quick_units(text: &str) -> Result<Vec<Unit>, String> {
    let unit = (!text.is_empty()).then(|| text.to_owned());
    let selection = Selection { set: Set::Quick, unit, corpora: None };
    fetch::fetch(&selection, false)?;
    selection.units()
}

fn sqlite() -> Result<Unit, String> {
    let units = quick_units("sqlite3/sqlite3.c")?;
    units.into_iter().next().ok_or_else(|| "the quick set has no sqlite3.c".to_owned())
}

/// The runs behind F1, as rows.
fn rows(pairs: usize) -> Result<(), String> {
    let file = one_file::OneFile::new(sqlite()?, Compiler::ours()?, peers()?)?;
    let runs = file.run(pairs)?;
    let rows =
        runs.iter().map(|(workload, compiler, round, run)| ContestRow::new(workload, compiler, *round, run));
    measure::write_rows(rows, std::io::stdout().lock())
}
