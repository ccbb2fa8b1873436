//! The frontend over a `Box` for every node, none of which is freed; everything else comes from mimalloc.

#[global_allocator]
static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    bench_frontend::worker::main::<bench_frontend::boxes::BoxMemory<false>>(bench_frontend::below::mimalloc)
}
