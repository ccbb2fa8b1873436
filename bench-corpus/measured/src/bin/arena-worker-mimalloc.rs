//! Runs one arena workload on one subject; the peers' chunks come from mimalloc.

#[global_allocator]
static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    bench_measured::worker::main()
}
