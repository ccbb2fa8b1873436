//! The C frontend as a command; see `cfront --help`.

#[cfg(feature = "bumpalo")]
type Chosen = passes::memory::bump::BumpMemory;

fn main() -> std::process::ExitCode {
    std::process::ExitCode::from(passes::driver::main::<Chosen>(std::env::args().skip(1).collect()))
}
