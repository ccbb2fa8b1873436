//! Tests that need a process of their own: limits, forks, and the process-wide backend without other tests on it.

use std::process::Command;

const VARIABLE: &str = "COMPILER_ALLOC_OWN_PROCESS";

/// Runs the test `name` (its path in this binary) again in a fresh process, and asserts that it passes there.
///
/// Answers whether this *is* that process, in which case the caller goes on with the test itself.
pub fn is_own_process(name: &str) -> bool {
    if std::env::var(VARIABLE).is_ok_and(|value| value == name) {
        return true;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture", "--test-threads=1"])
        .env(VARIABLE, name)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("1 passed"), "{name}: {text}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{name}: {}", output.status);
    false
}
