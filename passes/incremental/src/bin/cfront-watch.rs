//! `cfront watch`: the C frontend as a command that stays; see `cfront watch --help`.

fn main() -> std::process::ExitCode {
    std::process::ExitCode::from(passes_incremental::watch::main(std::env::args_os().skip(1)))
}
