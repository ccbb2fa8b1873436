//! Runs one arena workload on one subject; the peers' chunks come from the system's malloc.

fn main() -> std::process::ExitCode {
    bench_measured::worker::main()
}
