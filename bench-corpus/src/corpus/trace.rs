//! What a corpus run holds while it runs: a row a pass when a thread is done with a unit, and a row of the whole process then, between rounds
//! and every few milliseconds, by a thread of its own. Off unless asked for; a unit then costs two reads of the clock, two of the thread's
//! account and one of `/proc/self/statm`.
//!
//! # File format
//! Tab-separated, one header line, rows in the order in which units ended. A cell to which no value applies holds `-`.
//!
//! | column | unit | meaning |
//! |---|---|---|
//! | `memory` | word | `ours` or `bumpalo` |
//! | `round` | count | from 1; a row between rounds belongs to the one that ended, the last row to none: everything was dropped |
//! | `thread` | count | from 0 |
//! | `unit` | text | package and path; `-` where it is about no unit |
//! | `pass` | word | a pass; `(process)`, or `(round)` for the process when a round is over |
//! | `began_us`, `ended_us` | microseconds | when the unit began and ended, since the trace began |
//! | `faults` | faults | minor page faults of the thread meanwhile, all passes together; on the row `(process)` of a unit |
//! | `used_bytes` | bytes | asked for by the thread's arenas of the pass and not taken back yet; of the process: held by all arenas |
//! | `held_bytes` | bytes | memory those arenas hold; of the process: committed by the backend |
//! | `resident_bytes` | bytes | anonymous resident memory of the process; on rows `(process)` and `(round)` |

use std::cell::RefCell;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use compiler_alloc::profile::compiler_internal;
use passes::memory::OutMemory;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::usage::Usage;

/// The `pass` of a row that is about the process.
pub const PROCESS: &str = "(process)";

/// The `pass` of a row that is about the process when a round is over.
pub const ROUND: &str = "(round)";

/// How often the process is looked at.
const SAMPLE_EVERY: Duration = Duration::from_millis(5);

/// What stands where no value applies.
const ABSENT: &str = "-";

/// One row of the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The allocator under the passes.
    pub memory: String,
    /// From 1.
    pub round: usize,
    /// From 0.
    pub thread: usize,
    /// Package and path, or `-`.
    pub unit: String,
    /// A pass, [`PROCESS`] or [`ROUND`].
    pub pass: String,
    /// Since the trace began.
    pub began_us: u64,
    /// Since the trace began.
    pub ended_us: u64,
    /// Of the thread, while it worked on the unit.
    #[serde(serialize_with = "write_cell", deserialize_with = "read_cell")]
    pub faults: Option<u64>,
    /// Asked for and not taken back yet.
    #[serde(serialize_with = "write_cell", deserialize_with = "read_cell")]
    pub used_bytes: Option<u64>,
    /// Memory held for that.
    #[serde(serialize_with = "write_cell", deserialize_with = "read_cell")]
    pub held_bytes: Option<u64>,
    /// Anonymous resident memory of the process.
    #[serde(serialize_with = "write_cell", deserialize_with = "read_cell")]
    pub resident_bytes: Option<u64>,
}

fn write_cell<S: Serializer>(cell: &Option<u64>, serializer: S) -> Result<S::Ok, S::Error> {
    match cell {
        Some(value) => serializer.serialize_u64(*value),
        None => serializer.serialize_str(ABSENT),
    }
}

fn read_cell<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text == ABSENT { Ok(None) } else { text.parse().map(Some).map_err(serde::de::Error::custom) }
}

/// Rows of a running process. Shared by its threads; a unit's end takes one lock.
pub struct Trace {
    memory: &'static str,
    /// Whether arenas of this process's backend are what is traced.
    is_ours: bool,
    began: Instant,
    round: AtomicUsize,
    rows: Mutex<Vec<Row>>,
}

/// A unit that a thread is working on.
struct Working {
    began_us: u64,
    usage: Usage,
    held: Vec<(&'static str, OutMemory)>,
}

thread_local! {
    static WORKING: RefCell<Option<Working>> = const { RefCell::new(None) };
}

impl Trace {
    /// A trace of a run on `memory` that begins now.
    pub fn new(memory: &'static str, is_ours: bool) -> Self {
        let rows = Mutex::new(Vec::new());
        Self { memory, is_ours, began: Instant::now(), round: AtomicUsize::new(1), rows }
    }

    /// The calling thread begins a unit.
    pub fn begin(&self) {
        let working = Working { began_us: self.now_us(), usage: Usage::of_thread(), held: Vec::new() };
        WORKING.set(Some(working));
    }

    /// What the calling thread's arenas of `pass` hold at the end of the unit.
    pub fn held(&self, pass: &'static str, memory: OutMemory) {
        WORKING.with_borrow_mut(|working| {
            if let Some(working) = working {
                working.held.push((pass, memory));
            }
        });
    }

    /// The calling thread is done with the unit that it began.
    pub fn end(&self, unit: &str) {
        let Some(working) = WORKING.take() else { return };
        let faults = Usage::of_thread().since(working.usage).minor_faults;
        let span = (working.began_us, self.now_us());
        let rows = working.held.iter().map(|(pass, memory)| Row {
            used_bytes: Some(memory.used_bytes as u64),
            held_bytes: Some(memory.reserved_bytes as u64),
            ..self.row(unit, pass, span)
        });
        let process = Row { faults: Some(faults), ..self.process(unit, PROCESS, span) };
        self.lock().extend(rows.chain([process]));
    }

    /// A round is over: notes what the process holds between this round and the next.
    pub fn round_ended(&self) {
        self.sample(ROUND);
        self.round.fetch_add(1, Relaxed);
    }

    fn sample(&self, pass: &str) {
        let now = self.now_us();
        let row = self.process(ABSENT, pass, (now, now));
        self.lock().push(row);
    }

    /// Writes all rows, the newest last.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), String> {
        let failure = |error: csv::Error| format!("{}: {error}", path.display());
        let mut writer = csv::WriterBuilder::new()
            .delimiter(b'\t')
            .quote_style(csv::QuoteStyle::Never)
            .from_path(path)
            .map_err(failure)?;
        for row in self.lock().iter() {
            writer.serialize(row).map_err(failure)?;
        }
        writer.flush().map_err(|error| format!("{}: {error}", path.display()))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Row>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_us(&self) -> u64 {
        self.began.elapsed().as_micros() as u64
    }

    fn row(&self, unit: &str, pass: &str, (began_us, ended_us): (u64, u64)) -> Row {
        Row {
            memory: self.memory.to_owned(),
            round: self.round.load(Relaxed),
            thread: rayon::current_thread_index().unwrap_or(0),
            unit: unit.to_owned(),
            pass: pass.to_owned(),
            began_us,
            ended_us,
            faults: None,
            used_bytes: None,
            held_bytes: None,
            resident_bytes: None,
        }
    }

    fn process(&self, unit: &str, pass: &str, span: (u64, u64)) -> Row {
        let stats = self.is_ours.then(compiler_internal::stats);
        Row {
            used_bytes: stats.map(|stats| stats.arena_live_bytes as u64),
            held_bytes: stats.map(|stats| stats.committed_bytes as u64),
            resident_bytes: anonymous_resident_bytes(),
            ..self.row(unit, pass, span)
        }
    }
}

/// Looks at the process every few milliseconds until it is dropped.
pub struct Sampler {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Sampler {
    /// Begins to add rows to `trace`.
    pub fn start(trace: Arc<Trace>) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let over = is_over.clone();
        let thread = std::thread::spawn(move || {
            while !over.load(Relaxed) {
                trace.sample(PROCESS);
                std::thread::sleep(SAMPLE_EVERY);
            }
        });
        Self { is_over, thread: Some(thread) }
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        self.is_over.store(true, Relaxed);
        if let Some(thread) = self.thread.take() {
            // A sampler that panicked has said so; the rows until then stand.
            let _ = thread.join();
        }
    }
}

/// Anonymous resident memory of the process; `None` where the system does not say.
fn anonymous_resident_bytes() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    anonymous_pages(&statm).map(|pages| pages * rustix::param::page_size() as u64)
}

/// Resident pages less those of files: the second and third number of `statm`.
fn anonymous_pages(statm: &str) -> Option<u64> {
    let mut numbers = statm.split(' ').skip(1).map_while(|number| number.parse::<u64>().ok());
    Some(numbers.next()?.saturating_sub(numbers.next()?))
}

/// Reads the rows of a file that [`Trace::write`] wrote.
///
/// # Errors
/// A sentence with the file, and the line when a row is not as the header says.
pub fn read(path: &Path) -> Result<Vec<Row>, String> {
    let failure = |error: csv::Error| format!("{}: {error}", path.display());
    let mut reader =
        csv::ReaderBuilder::new().delimiter(b'\t').quoting(false).from_path(path).map_err(failure)?;
    reader.deserialize().collect::<Result<_, _>>().map_err(failure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_a_unit_and_of_the_process_come_back_as_they_were_written() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("trace.tsv");
        let trace = Trace::new("ours", true);
        trace.begin();
        trace.held("lex", OutMemory { used_bytes: 10, reserved_bytes: 4096 });
        trace.end("p/a \"b\".c");
        trace.round_ended();
        trace.begin();
        trace.end("p/b.c");
        trace.write(&path).expect("the trace is written");
        let rows = read(&path).expect("the trace is read");
        assert_eq!(rows, *trace.lock());
        let keys: Vec<_> = rows.iter().map(|row| (row.round, row.unit.as_str(), row.pass.as_str())).collect();
        let expected = [
            (1, "p/a \"b\".c", "lex"),
            (1, "p/a \"b\".c", PROCESS),
            (1, ABSENT, ROUND),
            (2, "p/b.c", PROCESS),
        ];
        assert_eq!(keys, expected);
        assert_eq!((rows[0].used_bytes, rows[0].held_bytes), (Some(10), Some(4096)));
        assert_eq!((rows[0].faults, rows[0].resident_bytes), (None, None));
        assert!(rows[1].faults.is_some() && rows[1].resident_bytes.is_some());
    }

    #[test]
    fn another_allocators_run_says_nothing_of_our_backend() {
        let trace = Trace::new("bumpalo", false);
        trace.round_ended();
        let row = trace.lock()[0].clone();
        assert_eq!((row.used_bytes, row.held_bytes), (None, None));
    }

    #[test]
    fn the_process_is_looked_at_while_a_sampler_lives() {
        let trace = Arc::new(Trace::new("ours", true));
        let sampler = Sampler::start(trace.clone());
        while trace.lock().len() < 2 {
            std::thread::yield_now();
        }
        drop(sampler);
        let rows = trace.lock().len();
        assert!(trace.lock().iter().all(|row| row.pass == PROCESS && row.unit == ABSENT));
        std::thread::sleep(2 * SAMPLE_EVERY);
        assert_eq!(trace.lock().len(), rows);
    }

    #[test]
    fn files_do_not_count_as_anonymous_memory() {
        assert_eq!(anonymous_pages("900 300 120 1 0 80 0\n"), Some(180));
        assert_eq!(anonymous_pages("900 three"), None);
    }

    #[test]
    fn a_row_with_a_wrong_cell_is_named_by_file_and_line() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("trace.tsv");
        let trace = Trace::new("ours", true);
        trace.round_ended();
        trace.write(&path).expect("the trace is written");
        let text =
            std::fs::read_to_string(&path).expect("the trace is read").replace("\t-\t(round)", "\t-\tx\tx");
        std::fs::write(&path, text).expect("the trace is written");
        let error = read(&path).expect_err("a row has a cell too many");
        assert!(error.contains("trace.tsv") && error.contains("line: 2"), "{error}");
    }
}
