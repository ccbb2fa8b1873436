//! The C frontend as a command; see `cfront --help`.

use passes::files::Provider;
use passes::memory::arenas::ArenaMemory;

fn main() -> std::process::ExitCode {
    std::process::ExitCode::from(passes::driver::main::<ArenaMemory>(std::env::args_os().skip(1), files()))
}

/// Where the files come from.
fn files() -> Provider {
    // SAFETY: nobody may change a file while it is read. Whoever runs a compiler keeps the files that it reads as they are until it
    // has ended: clang and linkers map them, too.
    #[cfg(unix)]
    return Provider::Mapped(unsafe { passes::files::mapped::Unchanging::promise() });
    #[cfg(not(unix))]
    Provider::Disk
}
