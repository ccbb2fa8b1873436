//! The frontend over our arenas; everything else comes from glibc's malloc.

fn main() -> std::process::ExitCode {
    bench_frontend::worker::main::<passes::memory::arenas::ArenaMemory>(bench_frontend::below::glibc)
}
