//! Every diagnostic that a real run of the library raises, as `bench-corpus evidence --diagnostic` prints it.

use std::process::Command;

fn raised(case: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_bench-corpus"))
        .args(["evidence", "--diagnostic", case])
        .output()
        .expect("the program can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("diagnostics are text")
}

#[test]
fn a_stepped_path_over_its_budget_raises_the_fast_path_code() {
    insta::assert_snapshot!(raised("fast-path-budget"));
}

#[test]
fn a_refusing_page_source_raises_page_exhaustion() {
    insta::assert_snapshot!(raised("page-exhaustion"));
}

#[test]
fn an_arena_at_its_limit_raises_exhaustion() {
    insta::assert_snapshot!(raised("arena-limit"));
}

#[test]
fn a_span_that_outlives_shutdown_raises_a_leak() {
    insta::assert_snapshot!(raised("shutdown-leak"));
}

#[test]
fn a_queue_without_a_drain_raises_remote_free_overflow() {
    insta::assert_snapshot!(raised("queue-overflow"));
}

#[test]
fn explicit_huge_pages_without_address_space_raise_the_policy_code() {
    insta::assert_snapshot!(raised("huge-pages-unavailable"));
}

#[test]
fn memory_on_a_node_that_no_machine_has_raises_the_policy_code() {
    insta::assert_snapshot!(raised("node-unavailable"));
}

#[test]
fn an_unknown_case_is_refused_with_the_names_that_exist() {
    let output = Command::new(env!("CARGO_BIN_EXE_bench-corpus"))
        .args(["evidence", "--diagnostic", "no-such-case"])
        .output()
        .expect("the program can be started");
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("page-exhaustion") && text.contains("shutdown-leak"), "{text}");
}
