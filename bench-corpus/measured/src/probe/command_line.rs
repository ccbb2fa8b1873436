//! The command line that the probe programs share: one case, once under a tracer or many times without.

use std::process::ExitCode;

use super::Driver;

/// Runs the case that the arguments name: `program SUBJECT CASE marked` under a tracer, `program SUBJECT CASE CALLS TURNS`
/// without. `run` answers whether the subject offers the case.
pub fn main(program: &str, run: impl FnOnce(&str, &str, Driver) -> bool) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let asked = match *arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [subject, case, "marked"] => Some((subject, case, Driver::Marked)),
        [subject, case, calls, turns] => match (calls.parse(), turns.parse()) {
            (Ok(calls), Ok(turns)) => Some((subject, case, Driver::Counted { calls, turns })),
            _ => None,
        },
        _ => None,
    }
    .map(|(subject, case, driver)| run(subject, case, driver));
    match asked {
        Some(true) => ExitCode::SUCCESS,
        // The tracer reads this code as "the subject does not offer the case".
        Some(false) => ExitCode::from(3),
        None => {
            eprintln!("usage: {program} SUBJECT CASE marked | SUBJECT CASE CALLS TURNS");
            ExitCode::from(2)
        }
    }
}
