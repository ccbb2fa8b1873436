//! What units have to say, printed in the order of the units while they are still being checked, and how far the run is.

use super::compile_commands::Database;
use crate::diagnostics::{Diagnostics, render};
use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How a run says how far it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Progress {
    /// Not at all.
    Silent,
    /// One line that changes: there is a terminal.
    OneLine,
    /// A line now and then.
    Lines,
}

/// Between two lines of [`Progress::Lines`].
const PAUSE: Duration = Duration::from_secs(10);

/// Takes back the line of a terminal.
const CLEAR_LINE: &str = "\r\x1b[K";

/// Characters of a file's name in the line of a terminal.
const SHOWN_NAME_LEN: usize = 60;

/// What all units have to say. Shared by the threads; a unit's end takes one lock.
pub struct Messages {
    no_warnings: bool,
    units: usize,
    progress: Progress,
    state: Mutex<State>,
}

struct State {
    /// The unit whose messages are printed next.
    next: usize,
    /// Messages of units behind it.
    waiting: BTreeMap<usize, String>,
    done: usize,
    spoke: Instant,
    totals: Totals,
    /// Why messages could not be printed.
    failure: Option<io::Error>,
}

/// What was found in all units.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Totals {
    /// Units.
    pub units: usize,
    /// Those with errors.
    pub units_with_errors: usize,
    /// Errors that were reported.
    pub errors: usize,
    /// Warnings that were found, printed or not.
    pub warnings: usize,
}

impl Progress {
    /// As fits where standard error leads.
    pub fn to_standard_error() -> Self {
        if io::stderr().is_terminal() { Progress::OneLine } else { Progress::Lines }
    }
}

impl Messages {
    /// Of `units` units, without warnings if those are not wanted.
    pub fn new(no_warnings: bool, units: usize, progress: Progress) -> Self {
        let state = State {
            next: 0,
            waiting: BTreeMap::new(),
            done: 0,
            spoke: Instant::now(),
            totals: Totals::default(),
            failure: None,
        };
        Self { no_warnings, units, progress, state: Mutex::new(state) }
    }

    /// Unit `number`, which is `file`, is done: prints what was found in it, or keeps it until all units before are done, too.
    pub fn done(&self, number: usize, file: &str, found: &Diagnostics) {
        let text = self.text(found);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.done += 1;
        state.totals.add(found);
        state.waiting.insert(number, text);
        let mut printed = String::new();
        while let Some(text) = {
            let next = state.next;
            state.waiting.remove(&next)
        } {
            printed += &text;
            state.next += 1;
        }
        let clears = self.progress == Progress::OneLine && (!printed.is_empty() || state.done == self.units);
        let mut output = String::from(if clears { CLEAR_LINE } else { "" }) + &printed;
        output += &self.progress_line(&mut state, file);
        if !output.is_empty()
            && let Err(error) = io::stderr().write_all(output.as_bytes())
        {
            state.failure.get_or_insert(error);
        }
    }

    /// All units are done.
    ///
    /// # Errors
    /// If messages could not be printed.
    pub fn finish(self) -> io::Result<Totals> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        state.failure.map_or(Ok(state.totals), Err)
    }

    fn text(&self, found: &Diagnostics) -> String {
        let mut text = render::shown(found.as_slice(), self.no_warnings);
        if let Some(max) = found.terminated_after() {
            text += &format!("compilation terminated due to -fmax-errors={max}.\n");
        }
        text
    }

    fn progress_line(&self, state: &mut State, file: &str) -> String {
        let (done, units) = (state.done, self.units);
        match self.progress {
            Progress::OneLine if done < units => {
                let skipped = file.chars().count().saturating_sub(SHOWN_NAME_LEN);
                let end: String = file.chars().skip(skipped).collect();
                format!("{CLEAR_LINE}[{done}/{units}] {end}")
            }
            Progress::Lines if done < units && state.spoke.elapsed() >= PAUSE => {
                state.spoke = Instant::now();
                format!("cfront: {done} of {units} units\n")
            }
            _ => String::new(),
        }
    }
}

impl Totals {
    fn add(&mut self, found: &Diagnostics) {
        self.units += 1;
        self.units_with_errors += usize::from(found.has_errors());
        self.errors += found.errors();
        self.warnings += found.warnings();
    }

    /// One line about a build.
    pub fn summary(&self, database: &Database) -> String {
        let Self { units, units_with_errors, errors, warnings } = self;
        format!(
            "cfront: {units} units checked, {units_with_errors} of them with errors: {errors} errors, {warnings} warnings; \
             {} files skipped, {} entries unusable, {} duplicate",
            database.skipped.len(),
            database.failures.len(),
            database.duplicates
        )
    }
}
