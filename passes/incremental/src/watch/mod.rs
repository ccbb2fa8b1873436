//! `cfront watch`: checks everything, then waits for changes and checks what they concern.
//!
//! The system says *when* to look, the stamps of all files that were asked for say *what* changed: notifications are lost, merged and
//! speak of links and temporary files; stamps do not. A change during a check cancels it.

mod arguments;
mod signals;
mod source;

pub use arguments::{Command, HELP, Invocation, parse};

use crate::database::Database;
use crate::disk::Disk;
use crate::inputs::Unit;
use crate::queries::{index, set_trees_max};
use crate::report::MemoryReport;
use crate::run::{Runner, UnitResult};
use passes::diagnostics::{Diagnostic, Severity, render};
use passes::driver::{EXIT_INPUT, EXIT_OK, EXIT_USAGE};
use signals::{Signal, Signals};
use source::Source;
use std::collections::HashMap;
use std::ffi::OsString;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Runs `cfront watch` with `arguments` (without the names of program and command), and returns its exit status.
pub fn main(arguments: impl Iterator<Item = OsString>) -> u8 {
    let arguments: Result<Vec<String>, OsString> = arguments.map(OsString::into_string).collect();
    let parsed = match arguments {
        Ok(arguments) => parse(arguments),
        Err(argument) => Err(format!("the argument {argument:?} is not UTF-8")),
    };
    let result = match parsed {
        Ok(Command::Run(invocation)) => run(&invocation, &mut io::stdout(), &mut io::stderr()),
        Ok(Command::Help) => io::stdout().write_all(HELP.as_bytes()).map(|()| EXIT_OK).map_err(Failure::from),
        Err(message) => Err(Failure::Usage(message)),
    };
    match result {
        Ok(status) => status,
        // Whoever read the output had enough.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => EXIT_OK,
        Err(failure) => {
            eprintln!("cfront watch: error: {failure}");
            EXIT_USAGE
        }
    }
}

/// Why watching cannot begin or go on.
#[derive(Debug)]
pub enum Failure {
    /// What was asked for is not there, or makes no sense: a sentence.
    Usage(String),
    /// Nobody reads what is printed.
    Output(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Output(error)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Usage(message) => f.write_str(message),
            Failure::Output(error) => write!(f, "standard output: {error}"),
        }
    }
}

/// Watches as `invocation` says. Rounds are told to `out`, findings to `messages`.
///
/// Returns after one round with [`Invocation::once`], after as many as [`Invocation::rounds`] says, and never without either.
///
/// # Errors
/// There is nothing to watch, the system cannot watch it, or nobody reads the output.
pub fn run(invocation: &Invocation, out: &mut dyn Write, messages: &mut dyn Write) -> Result<u8, Failure> {
    let mut source = Source::open(invocation).map_err(Failure::Usage)?;
    let mut db = Database::over(Disk);
    set_trees_max(&mut db, invocation.trees_max);
    let mut watch = Watch {
        invocation,
        runner: Arc::new(Runner::new(invocation.threads)),
        signals: Signals::new(invocation).map_err(Failure::Usage)?,
        known: HashMap::new(),
        round: 0,
    };
    source.update(&mut db, messages).map_err(Failure::Usage)?;
    writeln!(out, "watching {}: {} units", source.shown(), source.units().len())?;
    let mut began = Instant::now();
    loop {
        let has_errors = watch.round(&mut db, &source, began, out, messages)?;
        if invocation.once || invocation.rounds == Some(watch.round) {
            return Ok(if has_errors { EXIT_INPUT } else { EXIT_OK });
        }
        // What was asked for is watched before it is looked at once more, so that no change falls between.
        let places =
            source.places().into_iter().chain(db.paths().into_iter().map(|path| signals::parent(&path)));
        watch.signals.watch(places).map_err(Failure::Usage)?;
        loop {
            began = Instant::now();
            let changed = db.refresh();
            let units_changed = source.update(&mut db, messages).map_err(Failure::Usage)?;
            if !changed.is_empty() || units_changed {
                say_changes(&changed, units_changed, out)?;
                break;
            }
            out.flush()?;
            watch.signals.wait();
        }
    }
}

fn say_changes(changed: &[Arc<[u8]>], units_changed: bool, out: &mut dyn Write) -> io::Result<()> {
    const SHOWN: usize = 5;
    for path in changed.iter().take(SHOWN) {
        writeln!(out, "changed: {}", String::from_utf8_lossy(path))?;
    }
    if changed.len() > SHOWN {
        writeln!(out, "changed: {} more files", changed.len() - SHOWN)?;
    }
    if units_changed {
        writeln!(out, "changed: the list of units")?;
    }
    Ok(())
}

struct Watch<'i> {
    invocation: &'i Invocation,
    runner: Arc<Runner>,
    signals: Signals,
    /// What was found in each unit, as it was last told.
    known: HashMap<Unit, Arc<[Diagnostic]>>,
    round: usize,
}

impl Watch<'_> {
    /// Brings everything up to date, again if something changes meanwhile, and tells what is new. Whether there are errors.
    fn round(
        &mut self,
        db: &mut Database,
        source: &Source,
        began: Instant,
        out: &mut dyn Write,
        messages: &mut dyn Write,
    ) -> Result<bool, Failure> {
        self.round += 1;
        let units = source.units();
        let results = loop {
            match self.check(db, units) {
                Ok(results) => break results,
                Err(changed) => say_changes(&changed, false, out)?,
            }
        };
        let elapsed = began.elapsed();
        let defined = index(db, source.project()).len();
        let recomputed = db.take_recomputed();
        self.tell_findings(&results, messages)?;
        let count = |severity: Severity| {
            let all = results.iter().flat_map(|result| result.diagnostics.iter());
            all.filter(|finding| is_severity(finding, severity)).count()
        };
        let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
        writeln!(
            out,
            "round {}: {} of {} units checked in {}; {errors} errors, {warnings} warnings, {defined} names defined",
            self.round,
            recomputed.of("checked"),
            units.len(),
            shown(elapsed),
        )?;
        writeln!(out, "  computed: {recomputed}")?;
        if self.invocation.memory_report {
            write!(out, "{}", MemoryReport::of(db))?;
        }
        out.flush()?;
        Ok(errors > 0)
    }

    /// Checks `units` on other threads. If files change meanwhile, the check is cancelled, and their paths are the error.
    fn check(&mut self, db: &mut Database, units: &[Unit]) -> Result<Vec<UnitResult>, Vec<Arc<[u8]>>> {
        let (runner, handle, units) = (self.runner.clone(), db.clone(), units.to_vec());
        let done = self.signals.sender();
        let check = std::thread::spawn(move || {
            // Tells also when it panics.
            let _done = TellDone(done);
            runner.run(handle, &units)
        });
        let mut changed = Vec::new();
        loop {
            if self.signals.next() == Signal::Done {
                break;
            }
            // Answers nothing, and cancels nothing, if what happened concerns no file that was asked for.
            changed = db.refresh();
            if !changed.is_empty() {
                break;
            }
        }
        let ended = check.join();
        self.signals.forget_done();
        match ended {
            Ok(Ok(results)) if changed.is_empty() => Ok(results),
            // What was cancelled is done again; so is what was done before a change.
            Ok(_) => Err(changed),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }

    /// Prints the findings of each unit that has others than before.
    fn tell_findings(&mut self, results: &[UnitResult], messages: &mut dyn Write) -> io::Result<()> {
        for result in results {
            let before = self.known.insert(result.unit, result.diagnostics.clone());
            if before.as_ref() == Some(&result.diagnostics) {
                continue;
            }
            messages.write_all(render::shown(&result.diagnostics, self.invocation.no_warnings).as_bytes())?;
        }
        messages.flush()
    }
}

fn is_severity(finding: &Diagnostic, severity: Severity) -> bool {
    match finding.severity {
        Severity::Error | Severity::Fatal => severity == Severity::Error,
        other => severity == other,
    }
}

struct TellDone(std::sync::mpsc::Sender<Signal>);

impl Drop for TellDone {
    fn drop(&mut self) {
        // Nobody listens any more when the program ends.
        let _ = self.0.send(Signal::Done);
    }
}

fn shown(time: Duration) -> String {
    match time.as_micros() {
        micros @ 0..10_000 => format!("{:.2} ms", micros as f64 / 1e3),
        micros @ 10_000..1_000_000 => format!("{:.0} ms", micros as f64 / 1e3),
        micros => format!("{:.2} s", micros as f64 / 1e6),
    }
}
