//! Rounds of the passes over units, in one process whose workers and memory stay warm: what a compile server does all day.
//!
//! Every round is a session of its own: all files are read and lexed anew, by rayon's threads, each with one share of the memory. Between
//! rounds memory is emptied, not freed. The same is done over every memory.

use passes::diagnostics::Diagnostics;
use passes::files::Provider;
use passes::lex::TokenKind;
use std::sync::Arc;

use passes::memory::{Memory, OutMemory, PassAccount};
use passes::meter::{self, Meter};
use passes::options::Options;
use passes::parse::Trees;
use passes::pipeline::Workers;
use passes::preprocess::Tokens;
use passes::session::{Input, Session, Worker};
use passes::trace::Trace;

use super::frontend::{first_error, options};
use super::meter::{PassMeter, PassUse};
use super::run_report::{FailedUnit, PassReport, RoundReport};
use super::trace::ROUND;
use super::unit::Unit;
use super::usage::{Resident, Usage};

/// What the rounds showed.
#[derive(Clone, Debug, Default)]
pub struct Rounds {
    /// One a round.
    pub reports: Vec<RoundReport>,
    /// Units that failed in any round, each once.
    pub failed: Vec<FailedUnit>,
    /// Resident memory when the last round was over and everything was dropped; `peak` is over all of it.
    pub idle: Resident,
}

/// What a round is measured with.
struct RoundMeter {
    passes: PassMeter,
    trace: Option<Arc<Trace>>,
}

impl Meter for RoundMeter {
    fn enter(&self, name: &'static str) {
        self.passes.enter(name);
    }
    fn leave(&self) {
        self.passes.leave();
    }
    fn held(&self, name: &'static str, memory: OutMemory) {
        if let Some(trace) = &self.trace {
            trace.held(name, memory);
        }
    }
}

/// What is done with every unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Passes {
    /// Its tokens are read to their end
    Preprocess,
    /// It is parsed, and each tree released when it is complete
    Parse,
    /// It is parsed, and its trees are kept until its end
    ParseKeepingTrees,
    /// It is parsed, and its types are checked
    Check,
}

/// Runs `rounds` rounds of `passes` over `units` with `jobs` workers on `M`; `trim` is called when all is dropped, to end the run as a session ends.
/// `trace`, if there is one, is told of every unit and round.
///
/// # Errors
/// What the command line of `cfront` says of a unit's flags.
pub fn run<M: Memory>(
    units: &[Unit],
    passes: Passes,
    jobs: usize,
    rounds: usize,
    trace: Option<&Arc<Trace>>,
    trim: impl FnOnce(),
) -> Result<Rounds, String> {
    let prepared: Result<Vec<(&Unit, Options)>, String> = units
        .iter()
        .map(|unit| Ok((unit, options(unit).map_err(|error| format!("{}: {error}", unit.name()))?)))
        .collect();
    let prepared = prepared?;
    let mut result = Rounds::default();
    let mut workers = Workers::<M>::new(jobs);
    let mut memory = M::Session::default();
    for round in 1..=rounds {
        let before = Usage::of_process();
        let meter = Arc::new(RoundMeter { passes: PassMeter::default(), trace: trace.cloned() });
        one_round::<M>(&mut memory, &workers, meter.clone(), passes, &prepared, &mut result.failed);
        let used = Usage::of_process().since(before);
        let (faults, cpu_us) = (used.minor_faults, used.cpu.as_micros() as u64);
        let mut accounts = M::take_accounts(&mut memory);
        accounts.extend(workers.take_accounts());
        let timed = meter.passes.passes().into_iter();
        let mut reports: Vec<PassReport> = timed.map(|pass| report(pass, &accounts)).collect();
        // While a unit is parsed, preprocessing has memory of its own and no time of its own.
        for account in accounts.iter().filter(|account| account.runs > 0) {
            if reports.iter().all(|pass| pass.pass != account.name) {
                let usage = Usage::default();
                reports.push(report(PassUse { name: account.name, runs: account.runs, usage }, &accounts));
            }
        }
        result.reports.push(RoundReport { round, faults, cpu_us, passes: reports });
        if let Some(trace) = trace {
            trace.look(ROUND);
        }
    }
    drop(memory);
    drop(workers);
    trim();
    if let Some(trace) = trace {
        trace.look(ROUND);
    }
    result.idle = Resident::of_process();
    Ok(result)
}

/// One session over all units.
fn one_round<M: Memory>(
    memory: &mut M::Session,
    workers: &Workers<M>,
    meter: Arc<RoundMeter>,
    passes: Passes,
    units: &[(&Unit, Options)],
    failed: &mut Vec<FailedUnit>,
) {
    let outcomes = M::pass(memory, meter::LEX, |pass| {
        let session = Session::<M>::metered(pass, Provider::Disk, meter.clone());
        workers.run_units(
            pass,
            &session,
            units,
            |(unit, _)| unit.pp_lines,
            |worker, session, unit| match &meter.trace {
                None => one_unit(worker, session, passes, unit),
                Some(trace) => {
                    trace.begin_unit();
                    let found = one_unit(worker, session, passes, unit);
                    trace.end_unit(unit.0.name());
                    found
                }
            },
        )
    });
    for ((unit, _), diagnostics) in units.iter().zip(&outcomes) {
        let name = unit.name();
        if let Some(reason) = first_error(diagnostics)
            && !failed.iter().any(|known| known.unit == name)
        {
            failed.push(FailedUnit { unit: name, reason });
        }
    }
}

/// Runs `passes` on the unit, and returns what was found.
fn one_unit<'p, M: Memory>(
    worker: &mut Worker<'_, 'p, M>,
    session: &Session<'p, M>,
    passes: Passes,
    (unit, options): &(&Unit, Options),
) -> Diagnostics {
    let input = Input::File(unit.path.as_bytes());
    let trees = match passes {
        Passes::Preprocess => {
            let read = |tokens: &mut Tokens<'_, 'p, M>| while tokens.next_token().kind != TokenKind::Eof {};
            return worker.preprocess(session, input, options, read).diagnostics;
        }
        Passes::Parse => Trees::Released,
        Passes::ParseKeepingTrees => Trees::Kept,
        Passes::Check => return worker.check(session, input, options, Trees::Released).diagnostics,
    };
    worker.parse(session, input, options, trees, &mut ()).diagnostics
}

/// What the kernel and the sessions' accounts say of one pass.
fn report(pass: PassUse, accounts: &[PassAccount]) -> PassReport {
    let account = accounts.iter().find(|account| account.name == pass.name).copied().unwrap_or_default();
    PassReport {
        pass: pass.name.to_owned(),
        runs: pass.runs,
        used_bytes: account.out_used_bytes,
        reserved_bytes: account.reserved_peak_bytes,
        spans_warm: account.chunks_warm,
        spans_cold: account.chunks_cold,
        faults: pass.usage.minor_faults,
        cpu_us: pass.usage.cpu.as_micros() as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(folder: &std::path::Path, name: &str, text: &str) -> Unit {
        std::fs::write(folder.join(name), text).expect("the unit is written");
        Unit { package: "p".into(), path: name.into(), root: folder.into(), flags: Vec::new(), pp_lines: 1 }
    }

    #[test]
    fn every_round_runs_every_unit_and_a_failing_one_is_named_once() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let header = "#define TWICE(x) x x\n";
        std::fs::write(folder.path().join("shared.h"), header).expect("the header is written");
        let good = unit(folder.path(), "good.c", "#include \"shared.h\"\nTWICE(int)\n");
        let bad = unit(folder.path(), "bad.c", "#include \"shared.h\"\n#include \"nowhere.h\"\n");
        let rounds = run::<crate::corpus::Ours>(&[good, bad], Passes::Preprocess, 2, 3, None, || ())
            .expect("the flags are known");
        let names: Vec<&str> = rounds.failed.iter().map(|failed| failed.unit.as_str()).collect();
        assert_eq!(names, ["p/bad.c"]);
        assert!(rounds.failed[0].reason.contains("nowhere.h"), "{:?}", rounds.failed);
        assert_eq!(rounds.reports.len(), 3);
        for report in &rounds.reports {
            let runs = |name| report.passes.iter().find(|pass| pass.pass == name).map_or(0, |pass| pass.runs);
            assert_eq!(runs(meter::PREPROCESS), 2, "{report:?}");
            assert!(runs(meter::LEX) > 0, "{report:?}");
        }
    }
}
