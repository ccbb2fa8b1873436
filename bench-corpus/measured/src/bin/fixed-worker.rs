//! Runs one workload on one allocator in fixed storage.

fn main() -> std::process::ExitCode {
    bench_measured::fixed::main()
}
