//! `wasm-text FILE.. FOLDER`: the text of each binary module, as `FOLDER/NAME.wat`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let mut files: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let folder = files.pop().ok_or("usage: wasm-text FILE.. FOLDER")?;
    files.iter().try_for_each(|file| print(file, &folder))
}

fn print(file: &Path, folder: &Path) -> Result<(), String> {
    let text = wasmprinter::print_file(file).map_err(|error| format!("{}: {error:#}", file.display()))?;
    let name = file.file_stem().ok_or_else(|| format!("{} has no name", file.display()))?;
    let written = folder.join(name).with_extension("wat");
    std::fs::write(&written, text).map_err(|error| format!("{}: {error}", written.display()))
}
