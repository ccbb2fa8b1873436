//! What each thread did when, and what memory it held: events of a run, for whoever writes them down ([`chrome`] is one way).
//!
//! A run that is not traced pays nothing. A traced unit costs two reads of the thread's account, one of the process's, one lock, and two
//! reads of the clock for each pass and each declaration that is checked.

pub mod chrome;

use crate::memory::{ArenaUse, OutMemory};
use crate::meter::{self, Meter};
use std::cell::RefCell;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Checks of single declarations that take less are only summed up: most take a microsecond.
const SHOWN_CHECK_US: u64 = 50;

/// Events of a run, shared by its threads.
pub struct Trace {
    began: Instant,
    arenas: fn() -> Option<ArenaUse>,
    events: Mutex<Vec<Event>>,
}

/// Something that happened.
#[derive(Clone, PartialEq, Debug)]
pub enum Event {
    /// A thread was done with a unit.
    Unit(UnitEvent),
    /// Somebody looked at the process.
    Process(ProcessEvent),
}

/// A unit, from its beginning to its end. Times are microseconds since the trace began.
#[derive(Clone, PartialEq, Debug)]
pub struct UnitEvent {
    /// What the unit is called.
    pub unit: String,
    /// The thread, from 0.
    pub thread: usize,
    /// When it began.
    pub began_us: u64,
    /// When it ended.
    pub ended_us: u64,
    /// Minor page faults of the thread meanwhile, if the system says.
    pub faults: Option<u64>,
    /// The passes, in the order in which they ended.
    pub spans: Vec<Span>,
    /// All of the pass [`meter::CHECK`], declarations that have no span included; in nanoseconds, for there are many and they are short.
    pub check_ns: u64,
    /// What the thread's arenas held at the end, a pass an entry.
    pub held: Vec<(&'static str, OutMemory)>,
    /// The process at the end.
    pub process: ProcessMemory,
}

/// A pass that ran.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    /// The pass.
    pub pass: &'static str,
    /// When it began, in microseconds since the trace began.
    pub began_us: u64,
    /// When it ended.
    pub ended_us: u64,
}

/// A look at the process.
#[derive(Clone, PartialEq, Debug)]
pub struct ProcessEvent {
    /// Why somebody looked.
    pub name: &'static str,
    /// The thread that did, from 0.
    pub thread: usize,
    /// When, in microseconds since the trace began.
    pub at_us: u64,
    /// What there was.
    pub process: ProcessMemory,
}

/// The memory of the process.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct ProcessMemory {
    /// Anonymous resident memory, if the system says.
    pub resident_bytes: Option<u64>,
    /// What its arenas hold, if the memory under the passes knows.
    pub arenas: Option<ArenaUse>,
}

/// A unit that a thread is working on.
struct Working {
    began_us: u64,
    faults: Option<u64>,
    open: Vec<(&'static str, Instant)>,
    spans: Vec<Span>,
    check_ns: u64,
    held: Vec<(&'static str, OutMemory)>,
}

thread_local! {
    // While a thread waits for another that helps with its unit, it may help with a third one's: the innermost is last.
    static WORKING: RefCell<Vec<Working>> = const { RefCell::new(Vec::new()) };
}

impl Trace {
    /// A trace that begins now; `arenas` is asked what the arenas of the process hold, see
    /// [`Memory::arena_use`](crate::memory::Memory::arena_use).
    pub fn new(arenas: fn() -> Option<ArenaUse>) -> Self {
        Self { began: Instant::now(), arenas, events: Mutex::new(Vec::new()) }
    }

    /// The calling thread begins a unit.
    pub fn begin_unit(&self) {
        let working = Working {
            began_us: self.us_at(Instant::now()),
            faults: thread_faults(),
            open: Vec::new(),
            spans: Vec::new(),
            check_ns: 0,
            held: Vec::new(),
        };
        WORKING.with_borrow_mut(|all| all.push(working));
    }

    /// The calling thread is done with the unit that it began.
    pub fn end_unit(&self, unit: String) {
        let Some(working) = WORKING.with_borrow_mut(Vec::pop) else { return };
        let faults = working.faults.zip(thread_faults()).map(|(before, now)| now.saturating_sub(before));
        let event = UnitEvent {
            unit,
            thread: thread(),
            began_us: working.began_us,
            ended_us: self.us_at(Instant::now()),
            faults,
            spans: working.spans,
            check_ns: working.check_ns,
            held: working.held,
            process: self.process(),
        };
        self.lock().push(Event::Unit(event));
    }

    /// Notes what the process holds now. Others that look or end a unit wait meanwhile: what was read first is noted first.
    pub fn look(&self, name: &'static str) {
        let mut events = self.lock();
        let process = self.process();
        events.push(Event::Process(ProcessEvent {
            name,
            thread: thread(),
            at_us: self.us_at(Instant::now()),
            process,
        }));
    }

    /// The events so far, in the order in which they ended.
    pub fn events(&self) -> Vec<Event> {
        self.lock().clone()
    }

    fn process(&self) -> ProcessMemory {
        ProcessMemory { resident_bytes: anonymous_resident_bytes(), arenas: (self.arenas)() }
    }

    fn us_at(&self, instant: Instant) -> u64 {
        instant.duration_since(self.began).as_micros() as u64
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Event>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Meter for Trace {
    fn enter(&self, name: &'static str) {
        WORKING.with_borrow_mut(|all| {
            if let Some(working) = all.last_mut() {
                working.open.push((name, Instant::now()));
            }
        });
    }

    fn leave(&self) {
        let now = Instant::now();
        WORKING.with_borrow_mut(|all| {
            let Some(working) = all.last_mut() else { return };
            let Some((pass, began)) = working.open.pop() else { return };
            let (began_us, ended_us) = (self.us_at(began), self.us_at(now));
            if pass == meter::CHECK {
                working.check_ns += now.duration_since(began).as_nanos() as u64;
                if ended_us - began_us < SHOWN_CHECK_US {
                    return;
                }
            }
            working.spans.push(Span { pass, began_us, ended_us });
        });
    }

    fn held(&self, name: &'static str, memory: OutMemory) {
        WORKING.with_borrow_mut(|all| {
            if let Some(working) = all.last_mut() {
                working.held.push((name, memory));
            }
        });
    }

    fn begin_share(&self) {
        self.begin_unit();
    }

    fn end_share(&self, unit: &[u8]) {
        self.end_unit(format!("{}, parsed beside", String::from_utf8_lossy(unit)));
    }

    fn wants_declarations(&self) -> bool {
        true
    }
}

/// The number of the calling thread among rayon's, from 0.
fn thread() -> usize {
    rayon::current_thread_index().unwrap_or(0)
}

/// Minor page faults of the calling thread; `None` where the system does not say.
fn thread_faults() -> Option<u64> {
    let stat = std::fs::read_to_string("/proc/thread-self/stat").ok()?;
    faults_of(&stat)
}

/// The tenth field of a `stat` file, of which the second is a name in parentheses that may contain anything.
fn faults_of(stat: &str) -> Option<u64> {
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(7)?.parse().ok()
}

/// Anonymous resident memory of the process; `None` where the system does not say.
fn anonymous_resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    anonymous_of(&status)
}

/// The `RssAnon` line of a `status` file, in bytes.
fn anonymous_of(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_of_a_unit_nest_and_short_checks_are_only_summed_up() {
        let trace = Trace::new(|| None);
        trace.begin_unit();
        trace.enter(meter::PARSE);
        trace.enter(meter::LEX);
        trace.leave();
        trace.enter(meter::CHECK);
        trace.leave();
        trace.leave();
        trace.held(meter::PARSE, OutMemory { used_bytes: 10, reserved_bytes: 4096 });
        trace.end_unit(String::from("a.c"));
        let [Event::Unit(unit)] = &trace.events()[..] else { panic!("one unit was traced") };
        let passes: Vec<&str> = unit.spans.iter().map(|span| span.pass).collect();
        // Under load the check may have taken long enough for a span of its own.
        assert!(matches!(passes[..], ["lex", "parse"] | ["lex", "check", "parse"]), "{passes:?}");
        assert!(unit.check_ns > 0);
        assert!(
            unit.spans.iter().all(|span| span.began_us >= unit.began_us && span.ended_us <= unit.ended_us)
        );
        assert_eq!(unit.held, [(meter::PARSE, OutMemory { used_bytes: 10, reserved_bytes: 4096 })]);
    }

    #[test]
    fn what_happens_outside_of_units_is_nobody_s() {
        let trace = Trace::new(|| None);
        trace.enter(meter::LEX);
        trace.leave();
        trace.end_unit(String::from("a.c"));
        assert_eq!(trace.events(), []);
        trace.look("begin");
        assert!(matches!(&trace.events()[..], [Event::Process(event)] if event.name == "begin"));
    }

    #[test]
    fn the_system_s_files_are_read_by_name_and_place() {
        assert_eq!(faults_of("7 (a) b) S 1 2 3 4 5 6 123 0 0"), Some(123));
        assert_eq!(faults_of("7 (a"), None);
        assert_eq!(anonymous_of("VmRSS:\t 9 kB\nRssAnon:\t  2 kB\n"), Some(2048));
        assert_eq!(anonymous_of("RssAnon:\t many kB\n"), None);
    }
}
