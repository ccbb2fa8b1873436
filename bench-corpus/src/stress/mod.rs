//! Seeded stress cases of arenas and of the general heap: the specification's stress coverage, positive and negative.
//!
//! A case runs on a backend of its own over pages with a journal. It ends in an outcome that is the same for the same seed; a
//! negative case provokes a failure and must end in its one code.

mod bench;
mod exhaustion;
mod fragmentation;
pub mod heap;
mod large_objects;
mod local_free;
mod remote_free;
mod shutdown;

use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use serde::Serialize;

use crate::cli;
pub use bench::{Bench, Drain, WORKERS_MAX, become_worker};

/// Flags of `bench-corpus stress`.
#[derive(clap::Args)]
pub struct Args {
    /// Only this case
    #[arg(long, value_parser = case)]
    case: Option<String>,
    /// Another seed for every case than its own
    #[arg(long)]
    seed: Option<u64>,
    /// Only list the cases
    #[arg(long)]
    list: bool,
}

/// Reads the name of a case.
fn case(text: &str) -> Result<String, String> {
    cli::one_of(text, CASES.iter().map(|case| case.name))
}

/// How a case ended, or must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Everything was served, everything was given back.
    Completed,
    /// Something was refused with the right code, before anything was published, and worked again afterwards.
    Refused,
    /// Shutdown reported what was still alive.
    LeakReported,
    /// Something else; the report says what.
    Failed,
}

impl Outcome {
    /// The outcome as evidence spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Refused => "refused",
            Self::LeakReported => "leak-reported",
            Self::Failed => "failed",
        }
    }
}

/// One stress case.
pub struct Case {
    /// Its name.
    pub name: &'static str,
    /// The part of the specification's stress coverage it belongs to.
    pub coverage: &'static str,
    /// Seed of its random generator, unless another is asked for.
    pub seed: u64,
    /// Threads it runs at once, the main one included.
    pub threads: usize,
    /// How it must end.
    pub outcome: Outcome,
    /// The one code it must raise.
    pub code: Option<&'static str>,
    /// What it does, in one line.
    pub what: &'static str,
    run: fn(&mut Bench, u64) -> Result<(), String>,
}

impl Case {
    /// The profile it is about.
    pub fn profile(&self) -> &'static str {
        if self.name.starts_with("heap-") { "hosted-small" } else { "compiler-internal" }
    }

    /// `negative` when the case provokes a failure.
    pub const fn polarity(&self) -> &'static str {
        if self.code.is_some() { "negative" } else { "positive" }
    }
}

const PAGE_EXHAUSTION: Option<&str> = Some("ALLOCATOR_PAGE_EXHAUSTION");
const EXHAUSTION: Option<&str> = Some("ALLOCATOR_EXHAUSTION");
const SHUTDOWN_LEAK: Option<&str> = Some("ALLOCATOR_SHUTDOWN_LEAK");

/// Every case, in the order of the specification's list.
pub const CASES: &[Case] = &[
    Case {
        name: "arena-local-free",
        coverage: "local-free",
        seed: 11,
        threads: 1,
        outcome: Outcome::Completed,
        code: None,
        what: "arenas of one thread: allocations, scopes, resets of every mode, drops",
        run: local_free::run,
    },
    Case {
        name: "arena-remote-free",
        coverage: "remote-free",
        seed: 12,
        threads: 4,
        outcome: Outcome::Completed,
        code: None,
        what: "sealed results dropped by threads that did not make them",
        run: remote_free::sealed,
    },
    Case {
        name: "arena-cross-thread",
        coverage: "cross-thread",
        seed: 13,
        threads: 4,
        outcome: Outcome::Completed,
        code: None,
        what: "one pool, many workers that allocate, one lifetime; read by all, reset, again",
        run: remote_free::pool,
    },
    Case {
        name: "arena-fragmentation",
        coverage: "fragmentation",
        seed: 14,
        threads: 1,
        outcome: Outcome::Completed,
        code: None,
        what: "results of 100 bytes to 3 MB dropped at random; then the largest span is there again",
        run: fragmentation::run,
    },
    Case {
        name: "arena-large-objects",
        coverage: "large-objects",
        seed: 15,
        threads: 1,
        outcome: Outcome::Completed,
        code: None,
        what: "objects of 600 KB to 24 MB and large alignments between small ones",
        run: large_objects::run,
    },
    Case {
        name: "arena-page-exhaustion",
        coverage: "exhaustion",
        seed: 16,
        threads: 1,
        outcome: Outcome::Refused,
        code: PAGE_EXHAUSTION,
        what: "the page source refuses its first, second, ... request; what was refused succeeds afterwards",
        run: exhaustion::page_source,
    },
    Case {
        name: "arena-limit-exhaustion",
        coverage: "exhaustion",
        seed: 17,
        threads: 1,
        outcome: Outcome::Refused,
        code: EXHAUSTION,
        what: "an arena reaches its limit, again after each reset",
        run: exhaustion::limit,
    },
    Case {
        name: "arena-shutdown-clean",
        coverage: "shutdown-cleanup",
        seed: 18,
        threads: 4,
        outcome: Outcome::Completed,
        code: None,
        what: "threads come and go; shutdown finds nothing alive and gives everything back",
        run: shutdown::clean,
    },
    Case {
        name: "arena-shutdown-leak",
        coverage: "shutdown-cleanup",
        seed: 19,
        threads: 1,
        outcome: Outcome::LeakReported,
        code: SHUTDOWN_LEAK,
        what: "a result outlives shutdown: reported, still readable, given back by the next shutdown",
        run: shutdown::leak,
    },
    Case {
        name: "heap-local-free",
        coverage: "local-free",
        seed: 21,
        threads: 1,
        outcome: Outcome::Completed,
        code: None,
        what: "one thread allocates, frees and resizes at random; every block keeps its bytes",
        run: heap::local_free,
    },
    Case {
        name: "heap-remote-free",
        coverage: "remote-free",
        seed: 22,
        threads: 4,
        outcome: Outcome::Completed,
        code: None,
        what: "every thread frees what the others allocated, and ends",
        run: heap::remote_free,
    },
    Case {
        name: "heap-cross-thread",
        coverage: "cross-thread",
        seed: 23,
        threads: 4,
        outcome: Outcome::Completed,
        code: None,
        what: "generations of threads that free what the one before left alive",
        run: heap::cross_thread,
    },
    Case {
        name: "heap-fragmentation",
        coverage: "fragmentation",
        seed: 24,
        threads: 1,
        outcome: Outcome::Completed,
        code: None,
        what: "mixed blocks of 24 MiB, nine of ten freed at random, then the rest",
        run: heap::fragmentation,
    },
    Case {
        name: "heap-large-objects",
        coverage: "large-objects",
        seed: 25,
        threads: 1,
        outcome: Outcome::Completed,
        code: None,
        what: "30 KB to 12 MB between small blocks, resized in both directions",
        run: heap::large_objects,
    },
    Case {
        name: "heap-large-refused",
        coverage: "large-objects",
        seed: 26,
        threads: 1,
        outcome: Outcome::Refused,
        code: PAGE_EXHAUSTION,
        what: "requests that no machine serves leave a busy heap as it is",
        run: heap::large,
    },
    Case {
        name: "heap-page-exhaustion",
        coverage: "exhaustion",
        seed: 27,
        threads: 1,
        outcome: Outcome::Refused,
        code: PAGE_EXHAUSTION,
        what: "the page source refuses its first, second, ... request; what was refused succeeds afterwards",
        run: heap::page_source,
    },
    Case {
        name: "heap-shutdown-clean",
        coverage: "shutdown-cleanup",
        seed: 28,
        threads: 4,
        outcome: Outcome::Completed,
        code: None,
        what: "threads come and go, their blocks outlive them; shutdown finds nothing alive",
        run: heap::clean,
    },
    Case {
        name: "heap-shutdown-leak",
        coverage: "shutdown-cleanup",
        seed: 29,
        threads: 1,
        outcome: Outcome::LeakReported,
        code: SHUTDOWN_LEAK,
        what: "a block outlives its thread and a shutdown: reported, whole, given back by the next",
        run: heap::leak,
    },
];

/// What one run of a case showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CaseReport {
    /// The case.
    pub case: &'static str,
    /// The allocator profile.
    pub profile: &'static str,
    /// The part of the specification's stress coverage.
    pub coverage: &'static str,
    /// `positive` or `negative`.
    pub polarity: &'static str,
    /// Seed the run used.
    pub seed: u64,
    /// Threads the run started at once, the main one included.
    pub threads: usize,
    /// Operations done.
    pub operations: u64,
    /// Operations refused.
    pub refused: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// Codes raised.
    pub codes: Vec<&'static str>,
    /// Walks of the validator.
    pub checks: u64,
    /// Bytes asked from the page source.
    pub reserved_bytes: usize,
    /// Bytes given back to it by the end.
    pub released_bytes: usize,
    /// Drain points that were measured.
    pub drains: Vec<Drain>,
    /// Why it failed; empty otherwise.
    pub failure: String,
    /// Whether outcome and codes are those the case must end in.
    pub is_expected: bool,
}

/// Runs one case with its own seed or with another. A panic is an outcome, not the end of the suite.
pub fn measure(case: &Case, seed: Option<u64>) -> CaseReport {
    let seed = seed.unwrap_or(case.seed);
    let mut bench = Bench::new();
    let result = catch_unwind(AssertUnwindSafe(|| (case.run)(&mut bench, seed)));
    let failure = match result {
        Ok(Ok(())) => String::new(),
        Ok(Err(sentence)) => sentence,
        Err(panic) => panic_text(&*panic),
    };
    let leak_code = SHUTDOWN_LEAK.unwrap_or_default();
    let outcome = if !failure.is_empty() {
        Outcome::Failed
    } else if bench.codes.contains(&leak_code) {
        Outcome::LeakReported
    } else if bench.refused > 0 {
        Outcome::Refused
    } else {
        Outcome::Completed
    };
    let expected: Vec<&str> = case.code.into_iter().collect();
    CaseReport {
        case: case.name,
        profile: case.profile(),
        coverage: case.coverage,
        polarity: case.polarity(),
        seed,
        threads: case.threads,
        operations: bench.operations,
        refused: bench.refused,
        outcome,
        is_expected: outcome == case.outcome && bench.codes == expected,
        checks: bench.checks,
        reserved_bytes: bench.reserved_bytes(),
        released_bytes: bench.released_bytes(),
        codes: bench.codes,
        drains: bench.drains,
        failure,
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text =
        panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    format!("panicked: {}", text.unwrap_or("without a text"))
}

/// Runs `bench-corpus stress`: exit 1 if a case did not end as it must.
pub fn run(args: &Args) -> ExitCode {
    let cases: Vec<&Case> =
        CASES.iter().filter(|case| args.case.as_ref().is_none_or(|wanted| case.name == wanted)).collect();
    if args.list {
        for case in cases {
            println!("{:<26}{:<18}{:<10}{}", case.name, case.coverage, case.polarity(), case.what);
        }
        return ExitCode::SUCCESS;
    }
    let reports: Vec<CaseReport> = cases.iter().map(|case| measure(case, args.seed)).collect();
    print!("{}", table(&reports));
    if reports.iter().all(|report| report.is_expected) {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(cli::FAILED)
    }
}

fn table(reports: &[CaseReport]) -> String {
    let mut text = format!(
        "{:<26}{:>6}{:>9}{:>12}{:>9}{:>8}  {:<15}{}\n",
        "case", "seed", "threads", "operations", "refused", "checks", "outcome", "codes"
    );
    for report in reports {
        let _ = writeln!(
            text,
            "{:<26}{:>6}{:>9}{:>12}{:>9}{:>8}  {:<15}{}{}",
            report.case,
            report.seed,
            report.threads,
            report.operations,
            report.refused,
            report.checks,
            report.outcome.name(),
            if report.codes.is_empty() { "-".to_owned() } else { report.codes.join(", ") },
            if report.is_expected { String::new() } else { format!("  NOT EXPECTED {}", report.failure) }
        );
    }
    let expected = reports.iter().filter(|report| report.is_expected).count();
    let _ = writeln!(text, "verdict\t{expected} of {} cases ended as they must", reports.len());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_ends_as_it_must() {
        for case in CASES {
            let report = measure(case, None);
            assert!(report.is_expected, "{report:#?}");
        }
    }

    #[test]
    fn a_seed_gives_the_same_report_again() {
        // What a map of addresses reserves for one more table. Which addresses a case gets, and so how many tables, the system
        // decides.
        const TABLE_BYTES: usize = (512 << 10) + (4 << 10);
        for case in CASES.iter().filter(|case| case.threads == 1) {
            let (one, mut again) = (measure(case, Some(5)), measure(case, Some(5)));
            let tables = one.reserved_bytes.abs_diff(again.reserved_bytes);
            assert_eq!(tables % TABLE_BYTES, 0, "{one:?} then {again:?}");
            assert_eq!(
                one.reserved_bytes - one.released_bytes,
                again.reserved_bytes - again.released_bytes,
                "{one:?} then {again:?}"
            );
            (again.reserved_bytes, again.released_bytes) = (one.reserved_bytes, one.released_bytes);
            assert_eq!(one, again);
        }
    }

    #[test]
    fn every_part_of_the_coverage_has_a_case_and_failures_have_negative_ones() {
        for coverage in [
            "local-free",
            "remote-free",
            "cross-thread",
            "fragmentation",
            "large-objects",
            "exhaustion",
            "shutdown-cleanup",
        ] {
            assert!(CASES.iter().any(|case| case.coverage == coverage), "{coverage}");
        }
        for coverage in ["exhaustion", "shutdown-cleanup"] {
            assert!(CASES.iter().any(|case| case.coverage == coverage && case.polarity() == "negative"));
        }
    }

    #[test]
    fn a_panic_and_a_wrong_end_are_reported_not_passed() {
        let panics = Case { run: |_, _| panic!("on purpose"), ..wrong(Outcome::Completed) };
        let report = measure(&panics, None);
        assert_eq!((report.outcome, report.is_expected), (Outcome::Failed, false));
        assert_eq!(report.failure, "panicked: on purpose");
        let completes = Case { run: |_, _| Ok(()), ..wrong(Outcome::Refused) };
        assert!(!measure(&completes, None).is_expected);
    }

    fn wrong(outcome: Outcome) -> Case {
        Case {
            name: "test",
            coverage: "local-free",
            seed: 1,
            threads: 1,
            outcome,
            code: None,
            what: "",
            run: |_, _| Ok(()),
        }
    }
}
