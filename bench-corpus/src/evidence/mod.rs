//! Evidence: one writer per generated file. A run writes a fresh set; only `--commit` touches the repository's own files.
//!
//! The judge (`tools/allocator-fast-path-check.py`) computes every derived cell again, so a writer that errs is found by the next check.

mod actor_drain;
mod actor_rule;
mod benchmarks;
mod budget;
mod decimal;
mod diagnostics;
mod difference;
mod drain;
mod fast_path;
mod fixture_drain;
mod fixture_rule;
pub mod folder;
mod heap_drain;
mod heap_rule;
mod order;
mod page_backend;
mod process;
mod profile_benchmarks;
mod provenance;
mod remote_free;
mod reuse;
mod rule;
mod rust_tokens;
mod size_classes;
mod storage_rule;
mod stress;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use compiler_alloc::heap::{Direct, TransferCache};

use crate::cli;
use crate::measure;
use folder::Folder;

/// The profile of arenas.
const COMPILER_INTERNAL: &str = "compiler-internal";
/// The profile of the general heap.
const HOSTED_SMALL: &str = "hosted-small";

/// Flags of `bench-corpus evidence`.
#[derive(clap::Args)]
pub struct Args {
    /// Folder of the fresh set [default: evidence/ in the target folder]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Fewer repetitions; what is compared exactly does not depend on them
    #[arg(long)]
    quick: bool,
    /// Measure even if the last run measured the same. With --commit, --quick, or CI set in the environment it is always so
    #[arg(long)]
    anew: bool,
    /// Measure only these files of the set; the others stay as they are. Such a set is never reused
    #[arg(long, value_name = "FILE", value_parser = file, conflicts_with_all = ["commit", "quick"])]
    only: Vec<String>,
    /// Afterwards copy the generated files to where they are committed, and print the difference
    #[arg(long)]
    commit: bool,
    /// Only raise this diagnostic in the library and print its text
    #[arg(long, value_name = "CASE", value_parser = diagnostics::read_name, group = "single")]
    diagnostic: Option<String>,
    /// Only measure this drain point and print what it drained
    #[arg(long, value_name = "POINT", group = "single")]
    drain: Option<String>,
    /// Only measure this rule of the page backend and print the value
    #[arg(long, value_name = "RULE", group = "single")]
    rule: Option<String>,
    /// Only run this program, PROFILE.WORKLOAD of perf/, and print its page faults and highest resident memory
    #[arg(long, value_name = "NAME", value_parser = process::read_name, group = "single")]
    workload: Option<(&'static str, &'static str)>,
    /// The profile whose rule it is
    #[arg(long, requires = "rule", default_value = COMPILER_INTERNAL, value_parser = profile)]
    profile: String,
    /// Measure the rule in this very process, even if that changes the process
    #[arg(long, requires = "rule", hide = true)]
    here: bool,
}

/// One writer: the files it writes, and how.
struct Writer {
    files: &'static [&'static str],
    write: fn(&Run) -> Result<(), String>,
}

/// What the writers are given.
struct Run {
    repository: Folder,
    out: Folder,
    is_quick: bool,
}

const WRITERS: &[Writer] = &[
    Writer { files: &[size_classes::FILE], write: |run| size_classes::write(&run.repository, &run.out) },
    Writer { files: &[page_backend::FILE], write: |run| page_backend::write(&run.repository, &run.out) },
    Writer { files: &[fast_path::FILE], write: |run| fast_path::write(&run.repository, &run.out) },
    Writer { files: &[remote_free::FILE], write: |run| remote_free::write(&run.repository, &run.out) },
    Writer { files: &[stress::FILE], write: |run| stress::write(&run.repository, &run.out) },
    Writer {
        files: &[benchmarks::FILE],
        write: |run| benchmarks::write(&run.repository, &run.out, run.is_quick),
    },
    Writer {
        files: &[diagnostics::DEFINITIONS, diagnostics::REPORT],
        write: |run| diagnostics::write(&run.repository, &run.out),
    },
];

/// Runs `bench-corpus evidence`.
pub fn run(args: &Args) -> ExitCode {
    if let Some(reason) = misuse(args) {
        return cli::misused("evidence", &reason);
    }
    match single(args).unwrap_or_else(|| evidence(args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => cli::fail("evidence", &reason),
    }
}

/// What is wrong with the name of a single experiment: no row of the repository's declarations has it. Outside of a repository nobody knows.
fn misuse(args: &Args) -> Option<String> {
    let repository = Folder::repository().ok()?;
    let (text, names) = match (&args.drain, &args.rule) {
        (Some(point), _) => (point, remote_free::experiments(&repository)),
        (_, Some(rule)) => (rule, page_backend::rules(&repository, &args.profile)),
        _ => return None,
    };
    let reason = cli::one_of(text, names.ok()?.iter().map(String::as_str)).err()?;
    Some(if args.rule.is_some() {
        format!("{} has no rule {text}; {reason}", args.profile)
    } else {
        format!("there is no drain point {text}; {reason}")
    })
}

/// Reads the name of a profile.
fn profile(text: &str) -> Result<String, String> {
    cli::one_of(text, order::PROFILES.iter().copied())
}

/// The one experiment that was asked for by name, if one was.
fn single(args: &Args) -> Option<Result<(), String>> {
    let said = if let Some(case) = &args.diagnostic {
        diagnostics::raise(case).map(|diagnostic| diagnostic.to_string())
    } else if let Some(point) = &args.drain {
        drain::measure(point).map(|drained| format!("{point}\t{drained:?}"))
    } else if let Some(rule) = &args.rule {
        measure_rule(&args.profile, rule, args.here).map(|value| value.to_string())
    } else if let Some((profile, workload)) = args.workload {
        one_process(profile, workload)
    } else {
        return None;
    };
    Some(said.map(|text| println!("{text}")))
}

/// What the program of a row of perf/ cost.
fn one_process(profile: &str, workload: &str) -> Result<String, String> {
    let name = (profile, workload, fast_path::OURS);
    let cost = process::costs(&process::all(), [name])?[&name];
    let peak =
        cost.peak_resident_bytes.map_or_else(String::new, |peak| format!("\npeak-resident-bytes\t{peak}"));
    Ok(format!("page-faults\t{}{peak}", cost.faults))
}

/// The measured value of a profile's rule; `is_here` if in this very process.
fn measure_rule(profile: &str, rule: &str, is_here: bool) -> Result<usize, String> {
    match (profile, is_here) {
        (COMPILER_INTERNAL, false) => rule::measure(rule),
        (COMPILER_INTERNAL, true) => rule::measure_here(rule),
        (HOSTED_SMALL, false) => heap_rule::measure::<Direct>(rule),
        (HOSTED_SMALL, true) => heap_rule::measure_here(rule),
        ("hosted-server", _) => heap_rule::measure::<TransferCache>(rule),
        ("realtime", _) => actor_rule::measure(rule),
        ("freestanding", _) => storage_rule::measure(rule),
        ("test-fixture", _) => fixture_rule::measure(rule),
        (other, _) => Err(format!("no rule of {other} is measured")),
    }
}

fn evidence(args: &Args) -> Result<(), String> {
    let repository = Folder::repository()?;
    let out = Folder::at(args.out.clone().unwrap_or_else(|| default_out(&repository)));
    let run = Run { repository, out, is_quick: args.quick };
    let may_reuse = !(args.anew
        || args.quick
        || args.commit
        || !args.only.is_empty()
        || std::env::var_os("CI").is_some_and(|ci| !ci.is_empty()));
    match may_reuse.then(|| reuse::rows_kept(&run.repository, &run.out)) {
        Some(Ok(kept)) => {
            reuse::write(&run.repository, &run.out, kept)?;
            println!("fresh evidence: {}, {kept} rows of the last run reused", run.out.root().display());
            return Ok(());
        }
        Some(Err(reason)) => eprintln!("measuring anew: {reason}"),
        None => eprintln!("measuring anew, as asked"),
    }
    reuse::forget(&run.out);
    let before = provenance::made_from(&run.repository)?;
    let generated = generated();
    let is_wanted = |writer: &Writer| {
        args.only.is_empty() || writer.files.iter().any(|file| args.only.iter().any(|only| only == file))
    };
    timed("building what is measured", || process::build(&run.out))?;
    for (number, writer) in WRITERS.iter().enumerate().filter(|(_, writer)| is_wanted(writer)) {
        let name = writer.files.join(", ");
        eprintln!("[{} of {}] {name} ...", number + 1, WRITERS.len());
        timed(&name, || (writer.write)(&run))?;
    }
    if provenance::made_from(&run.repository)? != before {
        return Err("sources, lock file or tools changed while they were measured; run again".into());
    }
    provenance::write(&run.repository, &run.out, &generated)?;
    println!("fresh evidence: {}", run.out.root().display());
    if args.commit {
        commit(&run, &generated)?;
    }
    if run.is_quick || !args.only.is_empty() { Ok(()) } else { reuse::write(&run.repository, &run.out, 0) }
}

/// Does a part of a run and says how long it took, and how much CPU time, that of the programs it started included.
fn timed<T>(what: &str, work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    let (start, cpu) = (Instant::now(), measure::cpu_seconds());
    let done = work()?;
    eprintln!(
        "{:>6.1} s, {:>6.1} s of CPU  {what}",
        start.elapsed().as_secs_f64(),
        measure::cpu_seconds() - cpu
    );
    Ok(done)
}

/// Reads the name of a file that a writer writes.
fn file(text: &str) -> Result<String, String> {
    cli::one_of(text, generated().into_iter())
}

/// Files that the writers write, without the provenance of them.
fn generated() -> Vec<&'static str> {
    WRITERS.iter().flat_map(|writer| writer.files).copied().collect()
}

/// `$CARGO_TARGET_DIR/evidence`, or `target/evidence` in the repository.
fn default_out(repository: &Folder) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    target.unwrap_or_else(|| repository.path("target")).join("evidence")
}

/// Copies the generated files to their committed places and prints what changed.
fn commit(run: &Run, generated: &[&str]) -> Result<(), String> {
    let mut changed = 0;
    for file in generated.iter().copied().chain([provenance::FILE]) {
        let fresh = run.out.bytes(file).ok_or_else(|| format!("{file} was not written"))?;
        let before = run.repository.bytes(file).unwrap_or_default();
        if let Some(text) = difference::of(file, &before, &fresh) {
            print!("{text}");
            changed += 1;
            run.repository.write_bytes(file, &fresh)?;
        }
    }
    println!("{changed} of {} evidence files changed", generated.len() + 1);
    Ok(())
}
