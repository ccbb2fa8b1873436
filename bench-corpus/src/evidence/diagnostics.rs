//! `allocator/diagnostics.tsv` from the library's table, and `release/allocator-diagnostics-report.tsv`: every code raised for real.

use std::alloc::Layout;
use std::process::Command;

use compiler_alloc::Arena;
use compiler_alloc::actor::ActorHeap;
use compiler_alloc::diag::Diagnostic;
use compiler_alloc::diag::codes::{self, Entry};
use compiler_alloc::fault::{FactName, Fault, FaultCode};
use compiler_alloc::page_source::{FixturePages, HugePages, IfUnavailable, NodeSet, Numa, SystemPages};
use compiler_alloc::profile::hosted_server::HostedServer;
use compiler_alloc::span::SpanBackend;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::{Deserialize, Serialize};

use super::folder::{ABSENT, BUILT, Folder};
use super::rule::address_space_bytes;
use crate::cli;
use crate::step;
use crate::step::subjects::Programs;

/// The definitions.
pub const DEFINITIONS: &str = "allocator/diagnostics.tsv";

/// What was raised.
pub const REPORT: &str = "release/allocator-diagnostics-report.tsv";

#[derive(Serialize)]
struct Definition {
    code: &'static str,
    meaning: &'static str,
    cause: &'static str,
    remedy: &'static str,
    facts: String,
    raised_by: &'static str,
    fixture: String,
    status: &'static str,
}

#[derive(Serialize)]
struct Raised {
    code: &'static str,
    raised_by: &'static str,
    case: String,
    profile: &'static str,
    text: String,
    verdict: &'static str,
    command: String,
}

/// A real condition of the library that raises a code.
struct Case {
    code: FaultCode,
    name: &'static str,
    profile: &'static str,
    raise: fn() -> Result<Fault, String>,
}

const fn case(
    code: FaultCode,
    name: &'static str,
    profile: &'static str,
    raise: fn() -> Result<Fault, String>,
) -> Case {
    Case { code, name, profile, raise }
}

const CASES: &[Case] = &[
    case(FaultCode::FastPathBudget, "fast-path-budget", super::COMPILER_INTERNAL, fast_path_budget),
    case(FaultCode::RemoteFreeOverflow, "queue-overflow", "realtime", queue_overflow),
    case(FaultCode::PageExhaustion, "page-exhaustion", super::COMPILER_INTERNAL, page_exhaustion),
    case(FaultCode::HugepagePolicy, "huge-pages-unavailable", "hosted-server", huge_pages_unavailable),
    case(FaultCode::NumaPolicy, "node-unavailable", "hosted-server", node_unavailable),
    case(FaultCode::Exhaustion, "arena-limit", super::COMPILER_INTERNAL, arena_limit),
    case(FaultCode::ShutdownLeak, "shutdown-leak", super::COMPILER_INTERNAL, shutdown_leak),
];

/// Reads the name of a case.
///
/// # Errors
/// The cases there are.
pub fn read_name(text: &str) -> Result<String, String> {
    cli::one_of(text, CASES.iter().map(|case| case.name))
}

/// Raises the code of the case `name` and returns its text.
///
/// # Errors
/// When there is no such case, or its condition raised nothing or something else.
pub fn raise(name: &str) -> Result<Diagnostic, String> {
    let case =
        CASES.iter().find(|case| case.name == name).ok_or_else(|| format!("no diagnostic case {name}"))?;
    let fault = (case.raise)()?;
    if fault.code != case.code {
        return Err(format!("{name} raised {}, not {}", fault.code.name(), case.code.name()));
    }
    Ok(Diagnostic::new(fault, case.profile))
}

/// Raises every code that is built, lets the judge raise every code on its fixture, and writes both files.
///
/// # Errors
/// When a code is not raised.
pub fn write(repository: &Folder, out: &Folder) -> Result<(), String> {
    let definitions: Vec<Definition> = codes::ENTRIES.iter().map(definition).collect();
    out.write(DEFINITIONS, &definitions)?;
    let mut rows = Vec::new();
    for code in FaultCode::ALL {
        for case in CASES.iter().filter(|case| case.code == code) {
            rows.push(Raised {
                code: code.name(),
                raised_by: "library",
                case: case.name.to_owned(),
                profile: case.profile,
                text: raise(case.name)?.on_one_line().to_string(),
                verdict: "met",
                command: format!("bench-corpus evidence --diagnostic {}", case.name),
            });
        }
        rows.push(judged(repository, code)?);
    }
    out.write(REPORT, &rows)
}

fn definition(entry: &Entry) -> Definition {
    let facts: Vec<String> = entry.facts.iter().map(|fact| fact.text().replace(' ', "-")).collect();
    let case = CASES.iter().find(|case| case.code == entry.code);
    Definition {
        code: entry.code.name(),
        meaning: entry.meaning,
        cause: entry.cause,
        remedy: entry.remedy,
        facts: if facts.is_empty() { ABSENT.to_owned() } else { facts.join(",") },
        raised_by: case.map_or(ABSENT, |case| case.name),
        fixture: format!("tools/fixtures/{}", entry.code.name()),
        status: if case.is_some() { BUILT } else { "not-built" },
    }
}

#[derive(Deserialize)]
struct Verdict {
    findings: Vec<Finding>,
}

#[derive(Deserialize)]
struct Finding {
    file: String,
    row: u64,
    column: String,
    code: String,
    message: String,
}

/// The judge's first finding on the fixture of `code`.
fn judged(repository: &Folder, code: FaultCode) -> Result<Raised, String> {
    let code = code.name();
    let script = "tools/allocator-fast-path-check.py";
    let output = Command::new("python3")
        .arg(repository.path(script))
        .args(["--fixture", code, "--json"])
        .output()
        .map_err(|error| format!("python3 cannot be started: {error}"))?;
    let verdict: Verdict = serde_json::from_slice(&output.stdout).map_err(|error| {
        format!("the judge on fixture {code}: {error}: {}", String::from_utf8_lossy(&output.stderr))
    })?;
    let finding =
        verdict.findings.first().ok_or_else(|| format!("the judge found nothing in fixture {code}"))?;
    Ok(Raised {
        code,
        raised_by: "judge",
        case: code.to_owned(),
        profile: ABSENT,
        text: format!(
            "{} {}:{} [{}]: {}",
            finding.code, finding.file, finding.row, finding.column, finding.message
        ),
        verdict: if finding.code == code { "met" } else { "exceeded" },
        command: format!("{script} --fixture {code}"),
    })
}

/// The fault of a path that executes more than its budget; `None` when it keeps it.
pub fn over_budget(subject: &'static str, executed: u64, budget: u64) -> Option<Fault> {
    (executed > budget).then(|| {
        Fault::new(FaultCode::FastPathBudget, subject)
            .with(FactName::Instructions, executed)
            .with(FactName::InstructionBudget, budget)
    })
}

/// Steps a path for real and holds it against a budget of a single instruction, which no path keeps.
fn fast_path_budget() -> Result<Fault, String> {
    let case = bench_measured::probe::find("alloc-8").ok_or("the stepper lacks case alloc-8")?;
    let measurements =
        step::measure(&Programs::default(), &[case], |subject| subject == super::fast_path::OURS)?;
    let measured = measurements
        .iter()
        .find(|measured| measured.trace.subject == super::fast_path::OURS)
        .ok_or("our arena was not stepped")?;
    let executed = measured.row().over_nothing.instructions().round() as u64;
    over_budget("alloc-8 against a budget of 1", executed, 1)
        .ok_or_else(|| format!("alloc-8 takes only {executed} instructions"))
}

fn fixture() -> SpanBackend<FixturePages<SystemPages>> {
    SpanBackend::new(FixturePages::new(SystemPages::new()))
}

fn page_exhaustion() -> Result<Fault, String> {
    let backend = fixture();
    backend.source().refuse_requests(0, usize::MAX);
    backend.acquire(3 << 16).err().ok_or_else(|| "a refused request was granted".into())
}

/// A sender that spends its credit on an actor that does not drain.
fn queue_overflow() -> Result<Fault, String> {
    let backend: &'static _ = Box::leak(Box::new(SpanBackend::new(SystemPages::new())));
    let heap =
        ActorHeap::builder(backend).quota(Layout::new::<u64>(), 4).senders(1, 2).best_effort_locking().seal();
    let heap = heap.map_err(|fault| fault.to_string())?;
    let mut sender = heap.sender().map_err(|fault| fault.to_string())?;
    for number in 0..3_u64 {
        let message = heap.try_alloc(number).map_err(|fault| fault.to_string())?.into_remote();
        if sender.send(message).is_err() {
            return Ok(sender.overflow());
        }
    }
    Err("a queue for two messages took three".into())
}

/// Explicit huge pages while the process may have no more address space, so that no machine can give them.
fn huge_pages_unavailable() -> Result<Fault, String> {
    let limit = getrlimit(Resource::As);
    let current = Some(address_space_bytes()? as u64 + (1 << 20));
    setrlimit(Resource::As, Rlimit { current, maximum: limit.maximum })
        .map_err(|error| format!("address space cannot be limited: {error}"))?;
    let asked = HostedServer::builder().huge_pages(HugePages::Explicit2M).if_unavailable(IfUnavailable::Fail);
    let answer = asked.pages().err();
    setrlimit(Resource::As, limit).map_err(|error| format!("the limit cannot be lifted: {error}"))?;
    answer.ok_or_else(|| "huge pages without address space".into())
}

/// Memory on a node that no machine has.
fn node_unavailable() -> Result<Fault, String> {
    let far = Numa::Bind(NodeSet::of(63));
    let asked = HostedServer::builder().numa(far).if_unavailable(IfUnavailable::Fail);
    asked.pages().err().ok_or_else(|| "memory on node 63".into())
}

fn arena_limit() -> Result<Fault, String> {
    let arena: Arena = Arena::new();
    arena.set_limit(Some(4096));
    arena
        .try_alloc_slice_fill_with(8192, |_| 0_u8)
        .err()
        .ok_or_else(|| "a limit of 4096 bytes let 8192 through".into())
}

fn shutdown_leak() -> Result<Fault, String> {
    let backend = fixture();
    let span = backend.acquire(5 << 16).map_err(|fault| fault.to_string())?;
    let leak = backend.shutdown().leak();
    // SAFETY: the span must come from this backend and be held by nobody else. It was acquired above, and nothing refers to it.
    unsafe { backend.release(span) };
    leak.ok_or_else(|| "a held span was not reported".into())
}
