//! The frontend over bumpalo; everything else comes from mimalloc.

#[global_allocator]
static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    bench_frontend::worker::main::<passes::memory::bump::BumpMemory>(bench_frontend::below::mimalloc)
}
