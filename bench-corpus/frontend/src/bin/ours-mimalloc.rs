//! The frontend over our arenas; everything else comes from mimalloc.

#[global_allocator]
static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    bench_frontend::worker::main::<passes::memory::arenas::ArenaMemory>(bench_frontend::below::mimalloc)
}
