//! The frontend over a `Box` for every node; everything else comes from mimalloc.

#[global_allocator]
static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    bench_frontend::worker::main::<bench_frontend::boxes::BoxMemory<true>>(bench_frontend::below::mimalloc)
}
