//! The preprocessor oracle: our tokens against gcc's, unit by unit.
//!
//! gcc runs with our predefined macros and our headers in place of its own, so that both read the same text. The spellings must be the
//! same, one by one; the few places where we differ on purpose are rows of `corpora/token-differences.tsv`.

mod comparison;
mod differences;
pub mod gcc;
pub mod ours;
mod split;

use std::process::ExitCode;

use compiler_alloc::Session as MemorySession;
use passes::files::Provider;
use passes::meter;
use passes::pipeline::Workers;
use passes::session::{Session, Worker};

use crate::cli;
use crate::corpus::unit::Unit;
use crate::corpus::{Ours, Selection};
use crate::doctor;
use comparison::{Comparison, compare, context};
use differences::Difference;
use gcc::{Gcc, Markers};
use split::Place;

/// Flags of `bench-corpus tokens`.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    selection: Selection,
    /// Units at once
    #[arg(long, short, default_value_t = cli::processors(), value_name = "N", value_parser = cli::count)]
    jobs: usize,
    /// Print every unit, not only those that differ
    #[arg(long)]
    all: bool,
    /// Print the gcc call beside a unit that differs
    #[arg(long)]
    show_call: bool,
}

/// Runs `bench-corpus tokens`; the last line is a verdict, exit 1 when a unit differs or fails.
pub fn run(args: &Args) -> ExitCode {
    if let Some(reason) = args.selection.misuse() {
        return cli::misused("tokens", &reason);
    }
    match check_units(args) {
        Ok(summary) => summary.print(),
        Err(reason) => cli::fail("tokens", &reason),
    }
}

/// What came of one unit.
struct Outcome {
    name: String,
    result: UnitResult,
}

enum UnitResult {
    Equal {
        tokens: usize,
        allowed: Vec<usize>,
    },
    /// A report of several lines.
    Differs(String),
    Failed(String),
}

/// Everything that the verdict needs.
struct Summary {
    outcomes: Vec<Outcome>,
    list: Vec<Difference>,
    gcc_version: String,
    print_equal: bool,
}

fn check_units(args: &Args) -> Result<Summary, String> {
    let gcc_version = doctor::require("gcc")?;
    let units = args.selection.units()?;
    let list = differences::read(&args.selection.folder().join("token-differences.tsv"))?;
    let folder = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
    let gcc = ours::set_up_gcc::<Ours>(folder.path())?;
    let bar = cli::progress_bar(units.len());
    let outcomes = MemorySession::new().round(|round| {
        round.pass(meter::LEX, |pass| {
            let session = Session::<Ours>::new(pass, Provider::Disk);
            Workers::<Ours>::new(args.jobs).run_units(
                pass,
                &session,
                &units,
                |unit| unit.pp_lines,
                |worker, session, unit| {
                    let result = check_unit(worker, session, unit, &gcc, &list, args.show_call);
                    bar.inc(1);
                    Outcome { name: unit.name(), result }
                },
            )
        })
    });
    bar.finish_and_clear();
    Ok(Summary { outcomes, list, gcc_version, print_equal: args.all })
}

fn check_unit<'p>(
    worker: &mut Worker<'_, 'p, Ours>,
    session: &Session<'p, Ours>,
    unit: &Unit,
    gcc: &Gcc,
    list: &[Difference],
    show_call: bool,
) -> UnitResult {
    let theirs = match gcc.preprocess(unit, Markers::Dropped) {
        Ok(output) => output,
        Err(reason) => return UnitResult::Failed(reason),
    };
    let tokens = match ours::preprocess(worker, session, unit) {
        Ok(tokens) => tokens,
        Err(reason) => return UnitResult::Failed(reason),
    };
    let (ours, theirs) = (ours::spellings(&tokens), split::tokens(&theirs));
    match compare(&unit.name(), &ours, &theirs, list) {
        Comparison::Equal { tokens, allowed } => UnitResult::Equal { tokens, allowed },
        Comparison::Differs(parting) => {
            let our_place = ours::place(worker, session, unit, parting.ours);
            let marked = gcc.preprocess(unit, Markers::Kept).ok();
            let their_place = marked.and_then(|output| split::place(&output, parting.gcc));
            let ours = side("ours", our_place, &ours, parting.ours);
            let mut report = format!("{ours}\n{}", side("gcc", their_place, &theirs, parting.gcc));
            if show_call {
                let words = gcc.arguments(unit, Markers::Kept).join(" ");
                report.push_str(&format!("\n    cd {} && gcc {words}", unit.root.display()));
            }
            UnitResult::Differs(report)
        }
    }
}

/// One line: what one side says at the parting, where it came from and what stands around it.
fn side(who: &str, place: Option<Place>, tokens: &[&[u8]], index: usize) -> String {
    let place = place.map_or("at the end".to_owned(), |place| format!("{}:{}", place.file, place.line));
    format!("    {who:<4} token {index}, {place}: {}", context(tokens, index))
}

impl Summary {
    fn print(&self) -> ExitCode {
        let (mut equal, mut tokens) = (0, 0);
        let mut used = vec![0_usize; self.list.len()];
        for Outcome { name, result } in &self.outcomes {
            match result {
                UnitResult::Equal { tokens: of_unit, allowed } => {
                    equal += 1;
                    tokens += of_unit;
                    used.iter_mut().zip(allowed).for_each(|(sum, count)| *sum += count);
                    if self.print_equal {
                        println!("equal    {name}: {of_unit} tokens");
                    }
                }
                UnitResult::Differs(report) => println!("differs  {name}\n{report}"),
                UnitResult::Failed(reason) => println!("failed   {name}\n    {reason}"),
            }
        }
        for (row, count) in self.list.iter().zip(&used).filter(|(_, count)| **count > 0) {
            println!("allowed  {count} times `{}` for gcc's `{}`: {}", row.ours, row.gcc, row.reason);
        }
        let units = self.outcomes.len();
        let word = if equal == units { "ok" } else { "FAILED" };
        let places: usize = used.iter().sum();
        println!(
            "verdict\t{word}: equal {equal} of {units} units, {tokens} tokens, {places} allowed differences, {}",
            self.gcc_version
        );
        if equal == units { ExitCode::SUCCESS } else { ExitCode::from(cli::FAILED) }
    }
}
