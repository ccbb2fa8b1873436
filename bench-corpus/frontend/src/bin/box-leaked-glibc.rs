//! The frontend over a `Box` for every node, none of which is freed; everything else comes from glibc's malloc.

fn main() -> std::process::ExitCode {
    bench_frontend::worker::main::<bench_frontend::boxes::BoxMemory<false>>(bench_frontend::below::glibc)
}
