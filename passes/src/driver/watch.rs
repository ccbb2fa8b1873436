//! `cfront watch`: another program, so that whoever only compiles does not carry what watching needs.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

/// The program that watches; it stands beside this one.
pub const PROGRAM: &str = "cfront-watch";

/// Becomes the program that watches, with `arguments`. Returns only if that fails, with a sentence.
pub fn become_watcher(arguments: impl Iterator<Item = OsString>) -> String {
    let beside = std::env::current_exe().ok().and_then(|path| Some(path.parent()?.join(PROGRAM)));
    let program = beside.filter(|path| path.exists()).unwrap_or_else(|| PathBuf::from(PROGRAM));
    let mut command = Command::new(&program);
    command.args(arguments);
    let error = replace(&mut command);
    format!("cfront watch needs the program {PROGRAM} of the package passes-incremental: {error}")
}

#[cfg(unix)]
fn replace(command: &mut Command) -> std::io::Error {
    std::os::unix::process::CommandExt::exec(command)
}

/// Elsewhere the program is waited for.
#[cfg(not(unix))]
fn replace(command: &mut Command) -> std::io::Error {
    match command.status() {
        Ok(status) => std::process::exit(status.code().unwrap_or(1)),
        Err(error) => error,
    }
}
