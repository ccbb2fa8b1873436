//! The frontend over bumpalo; everything else comes from glibc's malloc.

fn main() -> std::process::ExitCode {
    bench_frontend::worker::main::<passes::memory::bump::BumpMemory>(bench_frontend::below::glibc)
}
