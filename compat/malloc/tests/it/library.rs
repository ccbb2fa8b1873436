//! Builds the library as it is released: its package alone, with profile `measured`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The shared library, built once a run.
pub fn shared() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| built("so"))
}

/// The static library, built once a run.
pub fn fixed() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| built("a"))
}

/// The library with that extension.
fn built(extension: &str) -> PathBuf {
    let what = ["--profile", "measured", "--package", "compiler-alloc-malloc", "--lib"];
    cargo_built(&what, &format!("libcompiler_alloc_malloc.{extension}"))
}

/// Builds `what`; the file with that ending among those that cargo says it built.
pub fn cargo_built(what: &[&str], ending: &str) -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["build", "--quiet", "--message-format", "json-render-diagnostics"])
        .args(what)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo can be started");
    assert!(output.status.success(), "cargo could not build {what:?}");
    let messages = String::from_utf8(output.stdout).unwrap();
    let file = messages.split('"').find(|word| word.ends_with(ending)).map(PathBuf::from);
    file.unwrap_or_else(|| panic!("cargo built no {ending}"))
}

/// Compiles a program of `tests/programs` and gives its path; extra flags come after the source.
pub fn compiled(folder: &Path, source: &str, flags: &[&str]) -> PathBuf {
    let compiler = if source.ends_with(".cpp") { "c++" } else { "gcc" };
    crate::outside_tool::need(compiler);
    let (stem, _) = source.rsplit_once('.').unwrap();
    let program = folder.join(stem);
    let output = Command::new(compiler)
        .args(["-O1", "-g", "-Wall", "-Wextra", "-fno-builtin", "-Wno-sized-deallocation"])
        .args(if compiler == "c++" {
            ["-std=c++17", "-Wno-alloc-size-larger-than"]
        } else {
            ["-std=gnu11", "-w"]
        })
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs").join(source))
        .args(flags)
        .arg("-pthread")
        .arg("-o")
        .arg(&program)
        .output()
        .unwrap();
    assert!(output.status.success(), "{source}: {}", String::from_utf8_lossy(&output.stderr));
    program
}
