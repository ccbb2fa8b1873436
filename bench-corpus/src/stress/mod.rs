//! Seeded stress cases of every profile that is built: the specification's stress coverage, positive and negative.
//!
//! A case runs on a backend of its own over pages with a journal, or on storage of its own. It ends in an outcome that is the same for the same seed; a
//! negative case provokes a failure and must end in its one code.

mod arena;
mod bench;
mod cases;
mod fixture;
mod freestanding;
pub mod heap;
mod marked;
mod realtime;
mod soak;
mod window;

use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use serde::{Deserialize, Serialize};

use crate::cli;
pub use bench::{Bench, Drain, WORKERS_MAX, become_worker};
use cases::SHUTDOWN_LEAK;
pub use cases::{Case, all};
pub use marked::layout;

/// Flags of `bench-corpus stress`.
#[derive(clap::Args)]
pub struct Args {
    /// Only this case
    #[arg(long, value_parser = case)]
    case: Option<String>,
    /// Another seed for every case than its own
    #[arg(long)]
    seed: Option<u64>,
    /// Run the cases again and again, with a new seed each time, for so many minutes
    #[arg(long, value_name = "MINUTES", conflicts_with = "list", value_parser = cli::count)]
    soak: Option<usize>,
    /// Print the reports as JSON
    #[arg(long, conflicts_with_all = ["list", "soak"])]
    json: bool,
    /// Only list the cases
    #[arg(long)]
    list: bool,
}

/// Reads the name of a case.
fn case(text: &str) -> Result<String, String> {
    cli::one_of(text, all().map(|case| case.name))
}

/// How a case ended, or must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    let outcome = if !failure.is_empty() {
        Outcome::Failed
    } else if bench.codes.contains(&SHUTDOWN_LEAK) {
        Outcome::LeakReported
    } else if bench.refused > 0 {
        Outcome::Refused
    } else {
        Outcome::Completed
    };
    let expected: Vec<&str> = case.code.into_iter().collect();
    CaseReport {
        case: case.name,
        profile: case.profile,
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
        all().filter(|case| args.case.as_ref().is_none_or(|wanted| case.name == wanted)).collect();
    if args.list {
        for case in cases {
            println!(
                "{:<30}{:<18}{:<18}{:<10}{}",
                case.name,
                case.profile,
                case.coverage,
                case.polarity(),
                case.what
            );
        }
        return ExitCode::SUCCESS;
    }
    if let Some(minutes) = args.soak {
        return soak::run(args.case.as_deref(), args.seed, minutes as u64);
    }
    let reports: Vec<CaseReport> = cases.iter().map(|case| measure(case, args.seed)).collect();
    if args.json {
        match serde_json::to_string_pretty(&reports) {
            Ok(text) => println!("{text}"),
            Err(error) => return cli::fail("stress", &format!("the reports cannot be written: {error}")),
        }
    } else {
        print!("{}", table(&reports));
    }
    if reports.iter().all(|report| report.is_expected) {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(cli::FAILED)
    }
}

fn table(reports: &[CaseReport]) -> String {
    let mut text = format!(
        "{:<30}{:>6}{:>9}{:>12}{:>9}{:>8}  {:<15}{}\n",
        "case", "seed", "threads", "operations", "refused", "checks", "outcome", "codes"
    );
    for report in reports {
        let _ = writeln!(
            text,
            "{:<30}{:>6}{:>9}{:>12}{:>9}{:>8}  {:<15}{}{}",
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
    use std::collections::HashMap;
    use std::sync::{LazyLock, OnceLock};

    use super::*;

    /// What the case shows with its own seed, in one run for all tests.
    fn own_report(case: &Case) -> &'static CaseReport {
        static REPORTS: LazyLock<HashMap<&str, OnceLock<CaseReport>>> =
            LazyLock::new(|| all().map(|case| (case.name, OnceLock::new())).collect());
        REPORTS[case.name].get_or_init(|| measure(case, None))
    }

    #[test]
    fn every_case_ends_as_it_must() {
        for case in all() {
            let report = own_report(case);
            assert!(report.is_expected, "{report:#?}");
        }
    }

    #[test]
    fn a_seed_gives_the_same_report_again() {
        // Where there is no room for the window of a case, the system decides how many tables of addresses it needs, and so how much is
        // reserved; not that all of it is given back.
        for case in all().filter(|case| case.threads == 1) {
            let (one, mut again) = (own_report(case), measure(case, Some(case.seed)));
            assert_eq!(
                one.reserved_bytes - one.released_bytes,
                again.reserved_bytes - again.released_bytes,
                "{one:?} then {again:?}"
            );
            (again.reserved_bytes, again.released_bytes) = (one.reserved_bytes, one.released_bytes);
            assert_eq!(*one, again);
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
            assert!(all().any(|case| case.coverage == coverage), "{coverage}");
        }
        for coverage in ["exhaustion", "shutdown-cleanup"] {
            assert!(all().any(|case| case.coverage == coverage && case.polarity() == "negative"));
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
            profile: "compiler-internal",
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
