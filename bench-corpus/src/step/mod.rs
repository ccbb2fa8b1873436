//! Instruction stepper: counts what our fast paths and the peers' execute, instruction by instruction.

pub mod callgrind;
pub mod decode;
pub mod listing;
pub mod programs;
pub mod subjects;
pub mod symbols;
pub mod trace;
pub mod tracer;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bench_measured::probe::{self, Case};
use serde::Serialize;

use crate::cli;
use subjects::{ProbeProgram, Programs};
use trace::{CallTrace, PerOperation, Trace};

/// Flags of `bench-corpus step`.
#[derive(clap::Args)]
pub struct Args {
    /// Only this subject (and its twin)
    #[arg(long)]
    subject: Option<String>,
    /// Only this case
    #[arg(long, value_parser = case)]
    case: Option<String>,
    /// Print the executed instructions of this case beside those of the function without the operation
    #[arg(long, value_name = "CASE", value_parser = case)]
    listing: Option<String>,
    /// Let callgrind count the same calls and fail where it disagrees (needs valgrind; slow)
    #[arg(long)]
    verify_callgrind: bool,
    /// Another library whose malloc and free are stepped in the cases of the C interface
    #[arg(long, value_name = "NAME=PATH.so", value_parser = library)]
    malloc: Vec<(String, PathBuf)>,
    /// Write the raw traces into this folder, one file a case and subject
    #[arg(long, value_name = "FOLDER")]
    traces: Option<PathBuf>,
}

/// Reads the name of a case.
fn case(text: &str) -> Result<String, String> {
    cli::one_of(text, probe::all().map(|case| case.name))
}

/// Reads `NAME=PATH`.
fn library(text: &str) -> Result<(String, PathBuf), String> {
    let (name, path) = text.split_once('=').ok_or("write NAME=PATH")?;
    let path = std::fs::canonicalize(path).map_err(|error| format!("{path}: {error}"))?;
    if name.is_empty() || [TWIN, OURS, subjects::SYSTEM].contains(&name) {
        return Err(format!("`{name}` cannot be the name of another library"));
    }
    Ok((name.to_owned(), path))
}

/// Name of the subject that does not allocate.
pub const TWIN: &str = probe::NOTHING;

/// Name of the subject that is this repository's.
pub const OURS: &str = "ours";

/// One probe, its twin, and what one operation costs.
#[derive(Clone, Debug)]
pub struct Measurement {
    /// The probe's trace.
    pub trace: Trace,
    /// The trace of the same function without the operation.
    pub twin: Trace,
    /// The linker's name of the probe function.
    pub probe_symbol: String,
    /// What was run.
    pub program: ProbeProgram,
}

/// The numbers of one measurement, as they stand in evidence.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Whose code.
    pub subject: String,
    /// Which probe.
    pub case: String,
    /// What one operation executes, the probe's own loop or frame included.
    pub gross: PerOperation,
    /// What one operation executes beyond the same function without it.
    pub over_nothing: PerOperation,
    /// Whether two measured calls counted the same.
    pub is_steady: bool,
}

impl Measurement {
    /// The numbers.
    pub fn row(&self) -> Row {
        let gross = self.trace.per_operation();
        Row {
            subject: self.trace.subject.clone(),
            case: self.trace.case.clone(),
            gross,
            over_nothing: gross.over(&self.twin.per_operation()),
            is_steady: self.trace.is_steady(),
        }
    }
}

/// Steps every wanted subject's probe of every case; what a subject does not offer is left out.
///
/// # Errors
/// When a probe cannot be built, run or followed.
pub fn measure(
    programs: &Programs,
    cases: &[Case],
    is_wanted: impl Fn(&str) -> bool,
) -> Result<Vec<Measurement>, String> {
    let mut measurements = Vec::new();
    for case in cases {
        let (twin, ..) =
            trace_of(programs, TWIN, *case)?.ok_or_else(|| format!("case {} has no twin", case.name))?;
        for subject in programs.subjects(*case).into_iter().filter(|subject| is_wanted(subject)) {
            if let Some((trace, probe_symbol, program)) = trace_of(programs, subject, *case)? {
                measurements.push(Measurement { trace, twin: twin.clone(), probe_symbol, program });
            }
        }
    }
    Ok(measurements)
}

/// Steps one probe. `None` when the subject does not offer the case.
fn trace_of(
    programs: &Programs,
    subject: &str,
    case: Case,
) -> Result<Option<(Trace, String, ProbeProgram)>, String> {
    let Some(program) = programs.of(subject, case)? else { return Ok(None) };
    let followed = tracer::follow(&program, &[subject, case.name, "marked"])
        .map_err(|error| format!("{subject}, {}: {error}", case.name))?;
    let Some(followed) = followed else { return Ok(None) };
    let operations = case.shape.operations();
    if followed.calls.len() != operations.len() {
        return Err(format!("{subject}, {}: {} measured calls", case.name, followed.calls.len()));
    }
    let calls = followed.calls.into_iter().zip(operations);
    let calls = calls.map(|(steps, operations)| CallTrace { operations, steps }).collect();
    let trace = Trace { subject: subject.to_owned(), case: case.name.to_owned(), calls };
    Ok(Some((trace, followed.probe_symbol, program)))
}

/// Runs `bench-corpus step`.
pub fn run(args: &Args) -> ExitCode {
    if let Some(reason) = misuse(args) {
        return cli::misused("step", &reason);
    }
    match step(args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(cli::FAILED),
        Err(reason) => cli::fail("step", &reason),
    }
}

/// The cases that are wanted.
fn cases(args: &Args) -> Vec<Case> {
    let wanted = args.listing.as_ref().or(args.case.as_ref());
    probe::all().filter(|case| wanted.is_none_or(|wanted| case.name == wanted)).collect()
}

/// What is wrong with the flags together: a subject that has none of the cases.
fn misuse(args: &Args) -> Option<String> {
    let subject = args.subject.as_ref()?;
    let programs = Programs::with(args.malloc.clone());
    let subjects: BTreeSet<&str> = cases(args).into_iter().flat_map(|case| programs.subjects(case)).collect();
    let others = cli::one_of(subject, subjects.into_iter()).err()?;
    Some(format!("{subject} does not offer what is to be stepped; {others}"))
}

fn step(args: &Args) -> Result<bool, String> {
    let programs = Programs::with(args.malloc.clone());
    let cases = cases(args);
    let measurements =
        measure(&programs, &cases, |subject| args.subject.as_ref().is_none_or(|wanted| subject == wanted))?;
    if let Some(folder) = &args.traces {
        write_traces(folder, &measurements).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    if args.listing.is_some() {
        for measurement in &measurements {
            print!("{}", listing::side_by_side(measurement));
        }
    }
    let rows: Vec<Row> = measurements.iter().map(Measurement::row).collect();
    print!("{}", listing::table(&rows));
    let mut is_good = rows.iter().all(|row| row.is_steady);
    if args.verify_callgrind {
        is_good &= verify_all(&measurements)?;
    }
    Ok(is_good)
}

/// Prints callgrind's counts of every measured call beside the stepper's. False when any differs.
fn verify_all(measurements: &[Measurement]) -> Result<bool, String> {
    let mut agrees = true;
    for measurement in measurements {
        let case = probe::find(&measurement.trace.case).expect("a measured case is in the table");
        let is_library = case.face == probe::Face::C;
        // The C library counts as foreign on both sides: nothing would be left to compare. A probe that is `malloc` or `free` itself is not
        // told from the calls that prepare it; the loops over both are.
        if is_library && (measurement.program.library.is_none() || case.shape == probe::ProbeShape::Single) {
            continue;
        }
        let agreement = callgrind::verify(measurement, case)?;
        let is_same = agreement.stepped == agreement.callgrind;
        agrees &= is_same;
        println!(
            "callgrind\t{}\t{}\tinstructions {} and {}\tconditional branches {} and {}\t{}",
            measurement.trace.case,
            measurement.trace.subject,
            agreement.stepped.instructions,
            agreement.callgrind.instructions,
            agreement.stepped.conditional_branches,
            agreement.callgrind.conditional_branches,
            if is_same { "same" } else { "DIFFERENT" }
        );
    }
    Ok(agrees)
}

/// Writes the raw traces, twins included, one file each, into `folder`, which is made if it is not there.
///
/// # Errors
/// When the folder or a file cannot be written.
pub fn write_traces(folder: &Path, measurements: &[Measurement]) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut written = Vec::new();
    for trace in measurements.iter().flat_map(|measurement| [&measurement.twin, &measurement.trace]) {
        let name = trace.file_name();
        if !written.contains(&name) {
            let mut out = std::io::BufWriter::new(std::fs::File::create(folder.join(&name))?);
            trace.write(&mut out)?;
            std::io::Write::flush(&mut out)?;
            written.push(name);
        }
    }
    Ok(())
}
