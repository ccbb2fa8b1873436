//! Runs one probe: `fast-path-probe SUBJECT CASE marked` under a tracer, `fast-path-probe SUBJECT CASE CALLS TURNS` without.

use std::process::ExitCode;

use bench_measured::probe;

fn main() -> ExitCode {
    probe::main("fast-path-probe", probe::run)
}
