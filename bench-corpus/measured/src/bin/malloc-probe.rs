//! Runs one probe of whatever `malloc` is loaded: `malloc-probe SUBJECT CASE marked` under a tracer, `malloc-probe SUBJECT CASE CALLS TURNS` without.

use std::process::ExitCode;

use bench_measured::probe::{self, c_face};

fn main() -> ExitCode {
    probe::main("malloc-probe", c_face::run)
}
