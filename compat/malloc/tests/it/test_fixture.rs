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
    let what = ["--package", "compiler-alloc", "--features", "test-fixture", "--example", "test_fixture"];
    let program = library::cargo_built(&what, "examples/test_fixture");
    assert!(!fixture_symbols(&symbols(&program)).is_empty());
}
