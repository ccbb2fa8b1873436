//! The C frontend as a command; see `cfront --help`.

use passes::memory::arenas::ArenaMemory;

fn main() -> std::process::ExitCode {
    std::process::ExitCode::from(passes::driver::main::<ArenaMemory>(std::env::args_os().skip(1)))
}
