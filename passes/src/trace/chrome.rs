//! A trace in the format that Chrome's `about:tracing`, Perfetto and speedscope read: units and their passes as slices of a thread,
//! memory as counters.

use super::{Event, ProcessMemory, UnitEvent};
use serde_json::{Map, Value, json};
use std::io::{self, Write};

/// Writes `events` to `output`: one object, an event a line.
///
/// # Errors
/// When `output` cannot be written.
pub fn write(events: &[Event], output: &mut impl Write) -> io::Result<()> {
    writeln!(output, "{{\"displayTimeUnit\":\"ms\",\"traceEvents\":[")?;
    let mut threads: Vec<usize> = Vec::new();
    write!(output, "{}", json!({"ph": "M", "pid": 1, "name": "process_name", "args": {"name": "cfront"}}))?;
    for event in events {
        let lines = match event {
            Event::Unit(unit) => {
                if !threads.contains(&unit.thread) {
                    threads.push(unit.thread);
                }
                unit_lines(unit)
            }
            Event::Process(look) => vec![process_line(look.at_us, &look.process)],
        };
        for line in lines {
            write!(output, ",\n{line}")?;
        }
    }
    for thread in threads {
        let name = format!("worker {thread}");
        let line = json!({"ph": "M", "pid": 1, "tid": thread, "name": "thread_name", "args": {"name": name}});
        write!(output, ",\n{line}")?;
    }
    writeln!(output, "\n]}}")
}

fn unit_lines(unit: &UnitEvent) -> Vec<Value> {
    let slice = |name: &str, kind: &str, began_us: u64, ended_us: u64, args: Value| {
        json!({
            "ph": "X", "pid": 1, "tid": unit.thread, "name": name, "cat": kind,
            "ts": began_us, "dur": ended_us - began_us, "args": args,
        })
    };
    let args = json!({"faults": unit.faults, "check_us": unit.check_ns / 1000});
    let mut lines = vec![slice(&unit.unit, "unit", unit.began_us, unit.ended_us, args)];
    let passes = unit.spans.iter();
    lines.extend(passes.map(|span| slice(span.pass, "pass", span.began_us, span.ended_us, json!({}))));
    for (what, bytes) in [("used", 0), ("held", 1)] {
        let of = |(pass, memory): &(&'static str, crate::memory::OutMemory)| {
            let bytes = [memory.used_bytes, memory.reserved_bytes][bytes];
            ((*pass).to_owned(), Value::from(bytes))
        };
        let args: Map<String, Value> = unit.held.iter().map(of).collect();
        let name = format!("bytes {what} by the arenas of worker {}", unit.thread);
        lines.push(json!({
            "ph": "C", "pid": 1, "tid": unit.thread, "name": name, "ts": unit.ended_us, "args": args,
        }));
    }
    lines.push(process_line(unit.ended_us, &unit.process));
    lines
}

fn process_line(at_us: u64, process: &ProcessMemory) -> Value {
    let mut args = Map::new();
    if let Some(bytes) = process.resident_bytes {
        args.insert("resident, without files".to_owned(), bytes.into());
    }
    if let Some(arenas) = process.arenas {
        args.insert("held by arenas".to_owned(), arenas.live_bytes.into());
        args.insert("committed".to_owned(), arenas.committed_bytes.into());
    }
    json!({"ph": "C", "pid": 1, "name": "bytes of the process", "ts": at_us, "args": args})
}

#[cfg(test)]
mod tests {
    use super::super::{ProcessEvent, Span};
    use super::*;
    use crate::memory::{ArenaUse, OutMemory};

    #[test]
    fn the_file_is_json_with_slices_within_slices_and_counters() {
        let process = ProcessMemory {
            resident_bytes: Some(9),
            arenas: Some(ArenaUse { live_bytes: 7, committed_bytes: 8 }),
        };
        let unit = UnitEvent {
            unit: String::from("a \"b\".c"),
            thread: 1,
            began_us: 10,
            ended_us: 30,
            faults: Some(3),
            spans: vec![Span { pass: "parse", began_us: 12, ended_us: 29 }],
            check_ns: 4000,
            held: vec![("parse", OutMemory { used_bytes: 5, reserved_bytes: 6 })],
            process,
        };
        let look = ProcessEvent { name: "end", thread: 0, at_us: 40, process: ProcessMemory::default() };
        let mut text = Vec::new();
        write(&[Event::Unit(unit), Event::Process(look)], &mut text).expect("memory can be written");
        let file: Value = serde_json::from_slice(&text).expect("the file is JSON");
        let events = file["traceEvents"].as_array().expect("a list of events");
        let of = |phase: &str| events.iter().filter(|event| event["ph"] == phase).collect::<Vec<_>>();
        let slices = of("X");
        assert_eq!((&slices[0]["name"], &slices[0]["dur"]), (&json!("a \"b\".c"), &json!(20)));
        assert_eq!(slices[0]["args"], json!({"faults": 3, "check_us": 4}));
        assert_eq!(
            (&slices[1]["name"], &slices[1]["ts"], &slices[1]["tid"]),
            (&json!("parse"), &json!(12), &json!(1))
        );
        let counters: Vec<&Value> = of("C").iter().map(|event| &event["args"]).collect();
        assert_eq!(counters[0], &json!({"parse": 5}));
        assert_eq!(counters[1], &json!({"parse": 6}));
        assert_eq!(counters[2]["held by arenas"], json!(7));
        assert_eq!(of("M").len(), 2);
    }
}
