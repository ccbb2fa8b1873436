//! Runs one probe of whatever `malloc` is loaded: `malloc-probe SUBJECT CASE marked` under a tracer, `malloc-probe SUBJECT CASE CALLS TURNS` without.

use std::process::ExitCode;

use bench_measured::probe::{Driver, c_face};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (subject, case, driver) = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [subject, case, "marked"] => (subject.to_string(), case.to_string(), Driver::Marked),
        [subject, case, calls, turns] => match (calls.parse(), turns.parse()) {
            (Ok(calls), Ok(turns)) => {
                (subject.to_string(), case.to_string(), Driver::Counted { calls, turns })
            }
            _ => return usage(),
        },
        _ => return usage(),
    };
    if c_face::run(&subject, &case, driver) {
        ExitCode::SUCCESS
    } else {
        // The tracer reads this code as "the subject does not offer the case".
        ExitCode::from(3)
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: malloc-probe SUBJECT CASE marked | SUBJECT CASE CALLS TURNS");
    ExitCode::from(2)
}
