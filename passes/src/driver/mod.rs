//! `cfront`: gcc's command line for the passes.

pub mod arguments;
pub mod compile_commands;
mod messages;
pub mod print;
pub mod report;
mod watch;

use crate::files::Provider;
use crate::lex::TokenKind;
use crate::memory::Memory;
use crate::meter::{self, Meter};
use crate::options::Options;
use crate::pipeline::{HELPED_FROM_BYTES, Workers};
use crate::preprocess::Tokens;
use crate::session::{Input, Outcome, Session, Worker};
use crate::trace::{self, Trace};
use arguments::{Command, Invocation};
use compile_commands::Database;
use messages::{Messages, Progress, Totals};
use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// What `cfront` exits with: no errors.
pub const EXIT_OK: u8 = 0;
/// Errors in the input.
pub const EXIT_INPUT: u8 = 1;
/// A wrong command line, or no list of commands where it says.
pub const EXIT_USAGE: u8 = 2;

/// Runs `cfront` with `arguments` (without the program's name) over `files`, and returns its exit status.
pub fn main<M: Memory>(arguments: impl Iterator<Item = OsString>, files: Provider) -> u8 {
    let mut arguments = arguments.peekable();
    if arguments.next_if(|first| first == "watch").is_some() {
        eprintln!("cfront: error: {}", watch::become_watcher(arguments));
        return EXIT_USAGE;
    }
    let arguments: Result<Vec<String>, OsString> = arguments.map(OsString::into_string).collect();
    let parsed = match arguments {
        Ok(arguments) => arguments::parse(arguments),
        Err(argument) => Err(format!("the argument {argument:?} is not UTF-8")),
    };
    let invocation = match parsed {
        Ok(Command::Run(invocation)) => *invocation,
        Ok(Command::Help) => return say(arguments::HELP),
        Ok(Command::Version) => return say(&format!("cfront {}\n", env!("CARGO_PKG_VERSION"))),
        Err(message) => {
            eprintln!("cfront: error: {message}");
            return EXIT_USAGE;
        }
    };
    match run::<M>(&invocation, files) {
        Ok(status) => status,
        // Whoever read the output had enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => EXIT_OK,
        Err(error) => {
            eprintln!("cfront: error: {error}");
            EXIT_INPUT
        }
    }
}

fn say(text: &str) -> u8 {
    // Nothing can be done about a closed output here.
    let _ = io::stdout().write_all(text.as_bytes());
    EXIT_OK
}

/// A unit to run, one of a list.
struct Job<'j> {
    number: usize,
    file: &'j str,
    options: &'j Options,
    file_bytes: u64,
}

fn run<M: Memory>(invocation: &Invocation, files: Provider) -> io::Result<u8> {
    for option in &invocation.unheeded {
        let meaning = match option.as_str() {
            "-pedantic-errors" => ": what GNU C adds to C stays allowed",
            _ => "",
        };
        eprintln!("cfront: warning: option {option} is not heeded{meaning}");
    }
    let Some(build) = &invocation.build else {
        let threads = invocation.threads.unwrap_or(1);
        let jobs = invocation.files.iter().enumerate().map(|(number, file)| {
            // Only several threads ask for the size.
            let file_bytes =
                if threads == 1 { 0 } else { std::fs::metadata(file).map_or(0, |metadata| metadata.len()) };
            Job { number, file, options: &invocation.options, file_bytes }
        });
        let totals = run_jobs::<M>(invocation, files, &jobs.collect::<Vec<_>>(), threads, Progress::Silent)?;
        return Ok(if totals.units_with_errors > 0 { EXIT_INPUT } else { EXIT_OK });
    };
    let read = Database::read(build).and_then(|mut database| {
        if !invocation.files.is_empty() {
            database.keep_files(&invocation.files)?;
        }
        Ok(database)
    });
    let mut database = match read {
        Ok(database) => database,
        Err(message) => {
            eprintln!("cfront: error: {message}");
            return Ok(EXIT_USAGE);
        }
    };
    for unit in &mut database.units {
        unit.options.errors_max = invocation.options.errors_max;
        unit.options.limits = invocation.options.limits;
    }
    say_what_is_left_out(&database)?;
    let jobs = database.units.iter().enumerate().map(|(number, unit)| Job {
        number,
        file: &unit.file,
        options: &unit.options,
        file_bytes: unit.file_bytes,
    });
    let threads = invocation.threads.unwrap_or(0);
    let totals =
        run_jobs::<M>(invocation, files, &jobs.collect::<Vec<_>>(), threads, Progress::to_standard_error())?;
    eprintln!("{}", totals.summary(&database));
    let is_good = totals.units_with_errors == 0 && database.failures.is_empty();
    Ok(if is_good { EXIT_OK } else { EXIT_INPUT })
}

/// What of a build is not checked, a line each.
fn say_what_is_left_out(database: &Database) -> io::Result<()> {
    let mut text = String::new();
    for (file, language) in &database.skipped {
        text += &format!("cfront: skipped: {file} ({language})\n");
    }
    for (option, entries) in &database.unheeded_options {
        text += &format!("cfront: warning: option {option} is not heeded ({entries} entries)\n");
    }
    for failure in &database.failures {
        text += &format!("cfront: error: {failure}\n");
    }
    io::stderr().write_all(text.as_bytes())
}

/// Runs the passes on every job and prints what is found and wanted, in the order of the jobs.
fn run_jobs<M: Memory>(
    invocation: &Invocation,
    provider: Provider,
    jobs: &[Job<'_>],
    threads: usize,
    progress: Progress,
) -> io::Result<Totals> {
    let mut standard_input = Vec::new();
    if jobs.iter().any(|job| job.file == "-") {
        io::stdin().lock().read_to_end(&mut standard_input)?;
    }
    let threads =
        if threads == 0 { std::thread::available_parallelism().map_or(1, usize::from) } else { threads };
    let mut files = M::Session::default();
    // A long unit is worth two threads.
    let long = jobs.iter().filter(|job| job.file_bytes >= HELPED_FROM_BYTES).count();
    let long = if invocation.preprocess_only { 0 } else { long };
    let mut workers = Workers::<M>::new(threads.min(jobs.len() + long).max(1));
    let messages = Messages::new(invocation.no_warnings, jobs.len(), progress);
    let trace = invocation.trace.as_ref().map(|path| (path, Arc::new(Trace::new(M::arena_use))));
    let meter: Arc<dyn Meter> = match &trace {
        Some((_, trace)) => trace.clone(),
        None => Arc::new(()),
    };
    let (outcomes, tokens_lexed) = M::pass(&mut files, meter::LEX, |pass| {
        let session = Session::<M>::metered(pass, provider, meter);
        let outcomes = workers.run_units(
            pass,
            &session,
            jobs,
            |job| job.file_bytes,
            |worker, session, job| {
                if let Some((_, trace)) = &trace {
                    trace.begin_unit();
                }
                let outcome = one_job(invocation, worker, session, job, &standard_input);
                if let Some((_, trace)) = &trace {
                    trace.end_unit(job.file.to_owned());
                }
                messages.done(job.number, job.file, &outcome.diagnostics);
                (outcome.value, outcome.usage.tokens)
            },
        );
        (outcomes, session.files.tokens.load(Ordering::Relaxed))
    });
    let totals = messages.finish()?;
    write_output(invocation, outcomes.iter().map(|(output, _)| output.as_slice()))?;
    if let Some((path, trace)) = &trace {
        write_trace(path, trace)?;
    }
    if let Some(format) = invocation.memory_report {
        let tokens_delivered = outcomes.iter().map(|(_, tokens)| tokens).sum();
        let lex = M::take_accounts(&mut files).into_iter().next().unwrap_or_default();
        let mut rows = vec![(lex, tokens_lexed)];
        rows.extend(workers.take_accounts().map(|account| (account, tokens_delivered)));
        let report = report::MemoryReport::new(M::NAME, rows);
        let text = if format == arguments::ReportFormat::Json { report.json() } else { report.table() };
        io::stderr().write_all(text.as_bytes())?;
    }
    Ok(totals)
}

fn one_job<'p, M: Memory>(
    invocation: &Invocation,
    worker: &mut Worker<'_, 'p, M>,
    session: &Session<'p, M>,
    job: &Job<'_>,
    standard_input: &[u8],
) -> Outcome<Vec<u8>> {
    let input = if job.file == "-" {
        Input::Text { name: b"<stdin>", text: standard_input }
    } else {
        Input::File(job.file.as_bytes())
    };
    if invocation.preprocess_only {
        return worker.preprocess(session, input, job.options, |tokens| output(invocation, tokens));
    }
    let checked = worker.check(session, input, job.options, invocation.trees);
    Outcome { value: Vec::new(), diagnostics: checked.diagnostics, usage: checked.usage }
}

fn write_trace(path: &Path, trace: &Trace) -> io::Result<()> {
    let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    let mut file = io::BufWriter::new(std::fs::File::create(path).map_err(named)?);
    trace::chrome::write(&trace.events(), &mut file).and_then(|()| file.flush()).map_err(named)
}

/// What `invocation` wants printed of a unit.
fn output<M: Memory>(invocation: &Invocation, tokens: &mut Tokens<'_, '_, M>) -> Vec<u8> {
    let mut output = Vec::new();
    if invocation.preprocess_only && !invocation.macros_only {
        print::tokens(tokens, invocation.line_markers, &mut output);
        return output;
    }
    while tokens.next_token().kind != TokenKind::Eof {}
    if invocation.macros_only {
        print::macros(tokens, &mut output);
    }
    output
}

fn write_output<'o>(invocation: &Invocation, outputs: impl Iterator<Item = &'o [u8]>) -> io::Result<()> {
    let mut outputs = outputs;
    match &invocation.output {
        // A check has no output: nothing that a build could take for an object file is made.
        _ if !invocation.preprocess_only => Ok(()),
        Some(path) if path != "-" => {
            let written = std::fs::File::create(path)
                .and_then(|mut file| outputs.try_for_each(|output| file.write_all(output)));
            written.map_err(|error| io::Error::new(error.kind(), format!("{path}: {error}")))
        }
        _ => {
            let mut out = io::stdout().lock();
            outputs.try_for_each(|output| out.write_all(output))?;
            out.flush()
        }
    }
}
