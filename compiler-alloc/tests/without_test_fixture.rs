//! Without its feature, the profile `test-fixture` does not exist: a program that names it does not compile.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const PROGRAM: &str = "fn main() {
    let fixture = compiler_alloc::profile::test_fixture::TestFixture::new(1);
    fixture.arena().alloc(1);
}
";

/// A package of its own that depends on this library as a user's would, with the versions of this workspace.
fn package() -> PathBuf {
    let library = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("without-test-fixture");
    std::fs::create_dir_all(folder.join("src")).unwrap();
    std::fs::write(folder.join("src/main.rs"), PROGRAM).unwrap();
    let manifest = format!(
        "[package]\nname = \"user\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[features]\nfixture = [\"compiler-alloc/test-fixture\"]\n\n\
         [dependencies]\ncompiler-alloc = {{ path = {library:?} }}\n\n[workspace]\n"
    );
    std::fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    std::fs::copy(library.join("../Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    folder
}

fn check(folder: &Path, flags: &[&str]) -> Output {
    Command::new(env!("CARGO"))
        .args(["check", "--offline", "--quiet"])
        .args(flags)
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .env_remove("RUSTFLAGS")
        .output()
        .expect("cargo can be started")
}

#[test]
fn a_test_fixture_cannot_be_made_without_its_feature() {
    let folder = package();
    let refused = check(&folder, &[]);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success());
    assert!(said.contains("could not find `test_fixture` in `profile`"), "{said}");
    // With it the same program compiles, so it is the missing feature that was refused.
    let accepted = check(&folder, &["--features", "fixture"]);
    assert!(accepted.status.success(), "{}", String::from_utf8_lossy(&accepted.stderr));
}
