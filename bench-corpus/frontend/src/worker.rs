//! The whole of a program's `main`: the passes up to a certain one over the units of a list of commands.
//!
//! Prints a line `name<TAB>number` a fact. The whole process is measured by whoever starts it; the last round is measured here.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::process::ExitCode;

use bench_measured::usage::Usage;
use bench_measured::worker::print_peak_resident;
use passes::driver::compile_commands::{Database, Unit};
use passes::files::Provider;
use passes::lex::TokenKind;
use passes::memory::Memory;
use passes::meter;
use passes::parse::Trees;
use passes::pipeline::Workers;
use passes::preprocess::Tokens;
use passes::session::{Input, Outcome, Session, Worker};

use crate::below;
use crate::counted::{Asked, Counted};

/// How far the passes go, by name; each is what the one before does, and more.
pub const STAGES: &[(&str, Stage)] = &[
    ("start", Stage::Start),
    ("preprocess", Stage::Preprocess),
    ("parse", Stage::Parse),
    ("check", Stage::Check),
    ("keep-trees", Stage::KeepTrees),
];

/// How far the passes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The list is read and nothing else is done.
    Start,
    /// The tokens of every unit are read to their end.
    Preprocess,
    /// They are parsed, each declaration's tree released when the next begins.
    Parse,
    /// Types are checked, too.
    Check,
    /// The same, and the trees stay to the end of their unit.
    KeepTrees,
}

/// What a round came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Results {
    /// Tokens that the preprocessor delivered.
    pub tokens: u64,
    /// Declarations and functions at the tops of units.
    pub externals: u64,
    /// Functions with bodies.
    pub functions: u64,
    /// Findings kept.
    pub findings: u64,
    /// A digest of their texts, in order; 0 where they were not wanted.
    pub findings_digest: u64,
}

/// Runs `PROGRAM COMMANDS STAGE ROUNDS [results]` over `M`, with `below` to say whether the global allocator is the one that the program is
/// named after. With the last word nothing is to be measured: what the passes ask for is counted, and findings are digested. Exit code 2 for
/// anything else, 1 if the list cannot be read.
pub fn main<M: Memory>(below: fn() -> bool) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (commands, stage, rounds, with_results) = match words.as_slice() {
        [commands, stage, rounds] => (commands, stage, rounds, false),
        [commands, stage, rounds, "results"] => (commands, stage, rounds, true),
        _ => return usage(),
    };
    let stage = STAGES.iter().find(|(name, _)| name == stage);
    let (Some((_, stage)), Ok(rounds @ 1..)) = (stage, rounds.parse::<usize>()) else { return usage() };
    let units = match units(Path::new(commands)) {
        Ok(units) => units,
        Err(reason) => {
            eprintln!("{reason}");
            return ExitCode::from(1);
        }
    };
    fact("units", units.len() as u64);
    fact("below_is_as_named", u64::from(below()));
    fact("below_is_glibc", u64::from(below::glibc()));
    if with_results {
        let (results, _) = run::<Counted<M>>(&units, *stage, rounds, true);
        let asked = Asked::so_far();
        fact("allocations", asked.allocations);
        fact("asked_bytes", asked.bytes);
        fact("externals", results.externals);
        fact("functions", results.functions);
        fact("findings", results.findings);
        fact("findings_digest", results.findings_digest);
        fact("tokens", results.tokens);
    } else {
        let (results, last) = run::<M>(&units, *stage, rounds, false);
        fact("tokens", results.tokens);
        fact("last_round_cpu_us", last.cpu.as_micros() as u64);
        fact("last_round_faults", last.minor_faults);
    }
    print_peak_resident();
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    let stages: Vec<&str> = STAGES.iter().map(|(name, _)| *name).collect();
    eprintln!("usage: PROGRAM COMMANDS {} ROUNDS [results]", stages.join("|"));
    ExitCode::from(2)
}

fn fact(name: &str, value: u64) {
    println!("{name}\t{value}");
}

/// The units of the list, all of which must be understood.
fn units(commands: &Path) -> Result<Vec<Unit>, String> {
    let database = Database::read(commands)?;
    match database.failures.first() {
        Some(failure) => Err(failure.clone()),
        None => Ok(database.units),
    }
}

/// Runs the passes up to `stage` over `units`, `rounds` times with memory that stays warm: what the last round came to, and what it took.
pub fn run<M: Memory>(units: &[Unit], stage: Stage, rounds: usize, with_texts: bool) -> (Results, Usage) {
    let workers = Workers::<M>::new(1);
    let mut files = M::Session::default();
    let mut last = Default::default();
    for _ in 0..rounds {
        let before = Usage::of_process();
        let results = round::<M>(&workers, &mut files, units, stage, with_texts);
        last = (results, Usage::of_process().since(before));
    }
    last
}

/// One session over all units.
fn round<M: Memory>(
    workers: &Workers<M>,
    files: &mut M::Session,
    units: &[Unit],
    stage: Stage,
    with_texts: bool,
) -> Results {
    let mut results = Results::default();
    let mut digest = DefaultHasher::new();
    if stage == Stage::Start {
        return results;
    }
    let outcomes = M::pass(files, meter::LEX, |pass| {
        let session = Session::<M>::new(pass, Provider::Disk);
        workers.run_units(
            pass,
            &session,
            units,
            |unit| unit.file_bytes,
            |worker, session, unit| one_unit(worker, session, unit, stage),
        )
    });
    for outcome in &outcomes {
        results.tokens += outcome.usage.tokens;
        results.externals += outcome.value.externals;
        results.functions += outcome.value.functions;
        results.findings += outcome.diagnostics.as_slice().len() as u64;
        if with_texts {
            for finding in outcome.diagnostics.as_slice() {
                finding.to_string().hash(&mut digest);
            }
        }
    }
    if with_texts {
        // The highest bit is left out, so that whoever reads the number may take it for a signed one.
        results.findings_digest = digest.finish() >> 1;
    }
    results
}

fn one_unit<'p, M: Memory>(
    worker: &mut Worker<'_, 'p, M>,
    session: &Session<'p, M>,
    unit: &Unit,
    stage: Stage,
) -> Outcome<passes::parse::Usage> {
    let (input, options) = (Input::File(unit.file.as_bytes()), &unit.options);
    match stage {
        Stage::Start | Stage::Preprocess => {
            let read = |tokens: &mut Tokens<'_, 'p, M>| {
                while tokens.next_token().kind != TokenKind::Eof {}
                passes::parse::Usage::default()
            };
            worker.preprocess(session, input, options, read)
        }
        Stage::Parse => worker.parse(session, input, options, Trees::Released, &mut ()),
        Stage::Check => worker.check(session, input, options, Trees::Released),
        Stage::KeepTrees => worker.check(session, input, options, Trees::Kept),
    }
}
