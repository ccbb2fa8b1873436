//! The libraries as they are released have nothing of the profile `test-fixture`.

use crate::{library, outside_tool};
use std::path::Path;
use std::process::Command;

/// Names of which every instance has one in its symbol.
const NAMES: [&str; 3] = ["test_fixture", "TestFixture", "FixturePages"];

/// The symbols of a file, those that a debugger sees included.
fn symbols(file: &Path) -> String {
    outside_tool::need("nm");
    let output = Command::new("nm").arg("--debug-syms").arg(file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn fixture_symbols(symbols: &str) -> Vec<&str> {
    symbols.lines().filter(|line| NAMES.iter().any(|name| line.contains(name))).collect()
}

#[test]
fn a_released_library_has_no_symbol_of_the_test_fixture() {
    for file in [library::shared(), library::fixed()] {
        let symbols = symbols(file);
        assert!(symbols.contains("malloc"), "{}: is this the library?", file.display());
        assert_eq!(fixture_symbols(&symbols), Vec::<&str>::new(), "{}", file.display());
    }
}

#[test]
fn a_program_with_the_feature_has_such_symbols() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["build", "--quiet", "--message-format", "json-render-diagnostics"])
        .args(["--package", "compiler-alloc", "--features", "test-fixture", "--example", "test_fixture"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let messages = String::from_utf8(output.stdout).unwrap();
    let program = messages.split('"').find(|word| word.ends_with("examples/test_fixture")).expect("its path");
    assert!(!fixture_symbols(&symbols(Path::new(program))).is_empty());
}
