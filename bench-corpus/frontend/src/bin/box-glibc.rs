//! The frontend over a `Box` for every node; everything else comes from glibc's malloc.

fn main() -> std::process::ExitCode {
    bench_frontend::worker::main::<bench_frontend::boxes::BoxMemory<true>>(bench_frontend::below::glibc)
}
