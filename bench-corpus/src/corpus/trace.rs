//! What a corpus run holds while it runs: a row a pass when a thread is done with a unit, and a row of the whole process then, between rounds
//! and every few milliseconds, by a thread of its own. Off unless asked for. What happens is noted by [`passes::trace`], as for
//! `cfront --trace`; here it becomes rows.
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

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::Duration;

use passes::trace::{Event, ProcessMemory, Trace};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

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

/// The rows of `trace`, which followed passes on `memory`.
pub fn rows(trace: &Trace, memory: &str) -> Vec<Row> {
    let mut round = 1;
    let mut rows = Vec::new();
    for event in trace.events() {
        let row = |thread: usize, unit: &str, pass: &str, (began_us, ended_us): (u64, u64)| Row {
            memory: memory.to_owned(),
            round,
            thread,
            unit: unit.to_owned(),
            pass: pass.to_owned(),
            began_us,
            ended_us,
            faults: None,
            used_bytes: None,
            held_bytes: None,
            resident_bytes: None,
        };
        match event {
            Event::Unit(unit) => {
                let span = (unit.began_us, unit.ended_us);
                rows.extend(unit.held.iter().map(|(pass, held)| Row {
                    used_bytes: Some(held.used_bytes as u64),
                    held_bytes: Some(held.reserved_bytes as u64),
                    ..row(unit.thread, &unit.unit, pass, span)
                }));
                let process = row(unit.thread, &unit.unit, PROCESS, span);
                rows.push(Row { faults: unit.faults, ..of_process(process, &unit.process) });
            }
            Event::Process(look) => {
                let process = row(look.thread, ABSENT, look.name, (look.at_us, look.at_us));
                rows.push(of_process(process, &look.process));
                round += usize::from(look.name == ROUND);
            }
        }
    }
    rows
}

fn of_process(row: Row, process: &ProcessMemory) -> Row {
    Row {
        used_bytes: process.arenas.map(|arenas| arenas.live_bytes),
        held_bytes: process.arenas.map(|arenas| arenas.committed_bytes),
        resident_bytes: process.resident_bytes,
        ..row
    }
}

/// Writes `rows`.
///
/// # Errors
/// When the file cannot be written.
pub fn write(rows: &[Row], path: &Path) -> Result<(), String> {
    let failure = |error: csv::Error| format!("{}: {error}", path.display());
    let mut writer = csv::WriterBuilder::new()
        .delimiter(b'\t')
        .quote_style(csv::QuoteStyle::Never)
        .from_path(path)
        .map_err(failure)?;
    for row in rows {
        writer.serialize(row).map_err(failure)?;
    }
    writer.flush().map_err(|error| format!("{}: {error}", path.display()))
}

/// Looks at the process every few milliseconds until it is dropped.
pub struct Sampler {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Sampler {
    /// Begins to add events to `trace`.
    pub fn start(trace: Arc<Trace>) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let over = is_over.clone();
        let thread = std::thread::spawn(move || {
            while !over.load(Relaxed) {
                trace.look(PROCESS);
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

/// Reads the rows of a file that [`write()`] wrote.
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
    use passes::memory::{ArenaUse, OutMemory};
    use passes::meter::Meter;

    fn ours() -> Trace {
        Trace::new(|| Some(ArenaUse { live_bytes: 7, committed_bytes: 8 }))
    }

    #[test]
    fn rows_of_a_unit_and_of_the_process_come_back_as_they_were_written() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("trace.tsv");
        let trace = ours();
        trace.begin_unit();
        trace.held("lex", OutMemory { used_bytes: 10, reserved_bytes: 4096 });
        trace.end_unit("p/a \"b\".c".into());
        trace.look(ROUND);
        trace.begin_unit();
        trace.end_unit("p/b.c".into());
        let rows = rows(&trace, "ours");
        write(&rows, &path).expect("the trace is written");
        assert_eq!(read(&path).expect("the trace is read"), rows);
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
        assert_eq!((rows[1].used_bytes, rows[1].held_bytes), (Some(7), Some(8)));
        assert!(rows[1].faults.is_some() && rows[1].resident_bytes.is_some());
    }

    #[test]
    fn another_allocators_run_says_nothing_of_our_backend() {
        let trace = Trace::new(|| None);
        trace.look(ROUND);
        let row = rows(&trace, "bumpalo")[0].clone();
        assert_eq!((row.memory.as_str(), row.used_bytes, row.held_bytes), ("bumpalo", None, None));
    }

    #[test]
    fn the_process_is_looked_at_while_a_sampler_lives() {
        let trace = Arc::new(ours());
        let sampler = Sampler::start(trace.clone());
        while trace.events().len() < 2 {
            std::thread::yield_now();
        }
        drop(sampler);
        let seen = rows(&trace, "ours");
        assert!(seen.iter().all(|row| row.pass == PROCESS && row.unit == ABSENT));
        std::thread::sleep(2 * SAMPLE_EVERY);
        assert_eq!(trace.events().len(), seen.len());
    }

    #[test]
    fn a_row_with_a_wrong_cell_is_named_by_file_and_line() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("trace.tsv");
        let trace = ours();
        trace.look(ROUND);
        write(&rows(&trace, "ours"), &path).expect("the trace is written");
        let text =
            std::fs::read_to_string(&path).expect("the trace is read").replace("\t-\t(round)", "\t-\tx\tx");
        std::fs::write(&path, text).expect("the trace is written");
        let error = read(&path).expect_err("a row has a cell too many");
        assert!(error.contains("trace.tsv") && error.contains("line: 2"), "{error}");
    }
}
