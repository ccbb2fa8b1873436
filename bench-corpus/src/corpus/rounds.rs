//! Rounds of the passes over units, in one process whose workers and memory stay warm: what a compile server does all day.
//!
//! Every round is a session of its own: all files are read and lexed anew, by rayon's threads, each with one share of the memory. Between
//! rounds memory is emptied, not freed. The same is done over every memory.

use passes::files::Provider;
use passes::lex::TokenKind;
use std::sync::Arc;

use passes::memory::{Memory, OutMemory, PassAccount};
use passes::meter::{self, Meter};
use passes::options::Options;
use passes::pipeline::Workers;
use passes::session::{Input, Outcome, Session, Worker};

use super::frontend::{first_error, options};
use super::meter::{PassMeter, PassUse};
use super::run_report::{FailedUnit, PassReport, RoundReport};
use super::trace::Trace;
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

/// Runs `rounds` rounds over `units` with `jobs` workers on `M`; `trim` is called when all is dropped, to end the run as a session ends.
/// `trace`, if there is one, is told of every unit and round.
///
/// # Errors
/// What the command line of `cfront` says of a unit's flags.
pub fn run<M: Memory>(
    units: &[Unit],
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
        one_round::<M>(&mut memory, &workers, meter.clone(), &prepared, &mut result.failed);
        let used = Usage::of_process().since(before);
        let (faults, cpu_us) = (used.minor_faults, used.cpu.as_micros() as u64);
        let mut accounts = M::take_accounts(&mut memory);
        accounts.push(workers.take_account());
        let passes = meter.passes.passes().into_iter().map(|pass| report(pass, &accounts)).collect();
        result.reports.push(RoundReport { round, faults, cpu_us, passes });
        if let Some(trace) = trace {
            trace.round_ended();
        }
    }
    drop(memory);
    drop(workers);
    trim();
    if let Some(trace) = trace {
        trace.round_ended();
    }
    result.idle = Resident::of_process();
    Ok(result)
}

/// One session over all units.
fn one_round<M: Memory>(
    memory: &mut M::Session,
    workers: &Workers<M>,
    meter: Arc<RoundMeter>,
    units: &[(&Unit, Options)],
    failed: &mut Vec<FailedUnit>,
) {
    let outcomes = M::pass(memory, meter::LEX, |pass| {
        let session = Session::<M>::metered(pass, Provider::Disk, meter.clone());
        workers.run_units(pass, &session, units, |worker, session, unit| match &meter.trace {
            None => preprocess(worker, session, unit),
            Some(trace) => {
                trace.begin();
                let outcome = preprocess(worker, session, unit);
                trace.end(&unit.0.name());
                outcome
            }
        })
    });
    for ((unit, _), outcome) in units.iter().zip(&outcomes) {
        let name = unit.name();
        if let Some(reason) = first_error(&outcome.diagnostics)
            && !failed.iter().any(|known| known.unit == name)
        {
            failed.push(FailedUnit { unit: name, reason });
        }
    }
}

/// Reads the unit's tokens to their end, as a parser would.
fn preprocess<'p, M: Memory>(
    worker: &mut Worker<'_, 'p, M>,
    session: &Session<'p, M>,
    (unit, options): &(&Unit, Options),
) -> Outcome<()> {
    let input = Input::File(unit.path.as_bytes());
    worker.preprocess(session, input, options, |tokens| while tokens.next_token().kind != TokenKind::Eof {})
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
        let rounds =
            run::<crate::corpus::Ours>(&[good, bad], 2, 3, None, || ()).expect("the flags are known");
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
