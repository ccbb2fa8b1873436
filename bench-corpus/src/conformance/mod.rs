//! Conformance: the frontend against tests that others wrote, and against gcc and clang on changed units of the corpus.
//!
//! The suites come from Debian at test time; what of them is a case is decided by the rules in this folder, a file a kind of suite. Every
//! call of our frontend is a process of its own with limits of time and memory, so that one that breaks is counted like any other answer.

mod active;
mod case;
mod clang;
mod compiler;
mod csmith;
mod dejagnu;
mod download;
mod figures;
mod mutate;
mod sparse;
mod suite;
mod tcc;

use std::path::PathBuf;
use std::process::ExitCode;

use rayon::prelude::*;

use crate::corpus::{Selection, committed_folder, table::Set};
use crate::{cli, doctor};
use active::Active;
use case::{Answer, Case, Judgement};
use compiler::Compiler;
use download::Cache;
use figures::Figures;
use suite::Suite;

/// Flags of `bench-corpus conformance`.
#[derive(clap::Args)]
pub struct Args {
    /// Only this suite; may be given several times
    #[arg(long, value_enum)]
    suite: Vec<Suite>,
    /// Print every case whose answer is not right, with the lines
    #[arg(long)]
    list_failures: bool,
    /// Print every file that is left out, and why
    #[arg(long)]
    list_excluded: bool,
    /// Ask gcc, too, and print its figures below ours
    #[arg(long)]
    with_gcc: bool,
    /// The same for clang: of its own suites it says how exact the reading of their comments is
    #[arg(long)]
    with_clang: bool,
    /// Record the figures in corpora/conformance.tsv instead of comparing with it
    #[arg(long)]
    accept: bool,
    /// Change one token of N corpus units and compare with gcc and clang, in place of the suites
    #[arg(long, value_name = "N", value_parser = cli::count)]
    mutations: Option<usize>,
    /// The first seed of programs and changes
    #[arg(long, default_value_t = 1, value_name = "SEED")]
    seed: u64,
    /// Programs that csmith makes
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = cli::count)]
    programs: usize,
    /// Which set of corpus units is changed
    #[arg(long, value_enum, default_value = "quick")]
    set: Set,
    /// Calls at once
    #[arg(long, short, default_value_t = cli::processors(), value_name = "N", value_parser = cli::count)]
    jobs: usize,
    /// Where downloads are kept [default: conformance below the target folder]
    #[arg(long, value_name = "FOLDER")]
    cache: Option<PathBuf>,
    /// Ask this cfront, not the one built into this program
    #[arg(long, value_name = "PROGRAM", value_parser = cli::file)]
    cfront: Option<PathBuf>,
    /// What a call of the frontend is: the arguments of cfront
    #[arg(last = true, hide = true)]
    frontend: Vec<String>,
}

/// Runs `bench-corpus conformance`; the last line is a verdict, exit 1 if a figure fell or a case broke.
pub fn run(args: &Args) -> ExitCode {
    if !args.frontend.is_empty() {
        return ExitCode::from(compiler::be_the_frontend(&args.frontend));
    }
    let threads = rayon::ThreadPoolBuilder::new().num_threads(args.jobs).build();
    let threads = match threads {
        Ok(threads) => threads,
        Err(error) => return cli::fail("conformance", &format!("threads cannot be started: {error}")),
    };
    let outcome = threads.install(|| match args.mutations {
        Some(count) => mutations(args, count),
        None => suites(args),
    });
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(cli::FAILED),
        Err(reason) => cli::fail("conformance", &reason),
    }
}

/// Mutants that must be judged like gcc and clang judge them, in percent of those of which both say the same.
const MUTANTS_RIGHT_MIN: f64 = 97.0;

fn mutations(args: &Args, count: usize) -> Result<bool, String> {
    doctor::require("gcc")?;
    doctor::require("clang")?;
    let units = Selection { set: args.set, unit: None, corpora: None }.units()?;
    let folder = Cache::new(args.cache.as_deref())?.workplace("mutants")?;
    let outcome = mutate::run(&units, count, args.seed, &folder, &Compiler::ours(args.cfront.as_deref())?)?;
    if args.list_failures {
        outcome.failures.iter().for_each(|failure| println!("{failure}"));
    }
    let percent = 100.0 * outcome.right as f64 / outcome.agreed.max(1) as f64;
    let holds = percent >= MUTANTS_RIGHT_MIN && outcome.broken == 0;
    println!(
        "verdict\t{}: {} of {} changed units judged as gcc and clang do ({percent:.1} %, at least {MUTANTS_RIGHT_MIN} %), {} of them refused, \
         {} without an answer; gcc and clang disagree on {} more; seed {}",
        if holds { "ok" } else { "FAILED" },
        outcome.right,
        outcome.agreed,
        outcome.refused,
        outcome.broken,
        outcome.mutants - outcome.agreed,
        args.seed,
    );
    Ok(holds)
}

fn suites(args: &Args) -> Result<bool, String> {
    doctor::require("gcc")?;
    let cache = Cache::new(args.cache.as_deref())?;
    let active = Active::new()?;
    let ours = Compiler::ours(args.cfront.as_deref())?;
    let path = committed_folder().join("conformance.tsv");
    let committed = figures::read(&path)?;
    let chosen: Vec<Suite> = if args.suite.is_empty() { Suite::ALL.to_vec() } else { args.suite.clone() };
    let (mut rows, mut problems) = (Vec::new(), Vec::new());
    println!("{HEAD}");
    for suite in chosen {
        let (selected, version) = select(args, suite, &cache, &active)?;
        let figures = ask(args, suite, &selected, &version, &ours)?;
        println!("{}", line(&figures, ""));
        for (peer, is_asked) in [("gcc", args.with_gcc), ("clang", args.with_clang)] {
            if is_asked {
                doctor::require(peer)?;
                let figures = ask(args, suite, &selected, &version, &Compiler::peer(peer))?;
                println!("{}", line(&figures, &format!(" ({peer})")));
            }
        }
        if figures.broken > 0 {
            problems.push(format!("{}: {} cases without an answer", figures.suite, figures.broken));
        }
        match committed.iter().find(|row| row.suite == figures.suite) {
            _ if args.accept => {}
            Some(row) => problems.extend(figures.regressions(row)),
            None => problems.push(format!("{}: no figures are recorded; run with --accept", figures.suite)),
        }
        rows.push(figures);
    }
    if args.accept {
        figures::accept(&path, &rows)?;
    }
    problems.iter().for_each(|problem| println!("worse    {problem}"));
    let cases: usize = rows.iter().map(|row| row.cases).sum();
    let right: usize = rows.iter().map(|row| row.right_verdict).sum();
    let word = if problems.is_empty() { "ok" } else { "FAILED" };
    println!("verdict\t{word}: {right} of {cases} cases of {} suites have the right verdict", rows.len());
    Ok(problems.is_empty())
}

const HEAD: &str = "suite                      files excluded  cases   verdict     lines  false accepts  false rejects  broken";

fn line(figures: &Figures, who: &str) -> String {
    format!(
        "{:<25} {:>6} {:>7.1}% {:>6} {:>8.1}% {:>8.1}% {:>14} {:>14} {:>7}",
        format!("{}{who}", figures.suite),
        figures.files,
        100.0 * figures.excluded as f64 / figures.files.max(1) as f64,
        figures.cases,
        figures.percent(figures.right_verdict),
        figures.percent(figures.right_lines),
        figures.false_accepts,
        figures.false_rejects,
        figures.broken
    )
}

/// The cases of `suite` and the version of its package; prints what is excluded.
fn select(
    args: &Args,
    suite: Suite,
    cache: &Cache,
    active: &Active,
) -> Result<(suite::Selected, String), String> {
    let package = cache.unpacked(suite.package())?;
    let selected = if suite == Suite::Csmith {
        let folder = cache.workplace("csmith-programs")?;
        let cases = csmith::cases(&package.root, &folder, args.seed, args.programs)?;
        suite::Selected { files: cases.len(), cases, ..Default::default() }
    } else {
        suite.select(&package.root, active)?
    };
    for (reason, files) in &selected.excluded {
        println!("excluded {:>5} of {}: {reason}", files.len(), suite.name());
        if args.list_excluded {
            files.iter().for_each(|file| println!("         {file}"));
        }
    }
    Ok((selected, package.version))
}

/// Asks `compiler` every case of `suite`, and prints what `args` want to see.
fn ask(
    args: &Args,
    suite: Suite,
    selected: &suite::Selected,
    version: &str,
    compiler: &Compiler,
) -> Result<Figures, String> {
    let bar = cli::progress_bar(selected.cases.len());
    let answers: Result<Vec<Answer>, String> = selected
        .cases
        .par_iter()
        .map(|case| {
            let answer = compiler.ask(case);
            bar.inc(1);
            answer
        })
        .collect();
    bar.finish_and_clear();
    let answers = answers?;
    let judged: Vec<Judgement> =
        selected.cases.iter().zip(&answers).map(|(case, answer)| case.expected.judge(answer)).collect();
    if args.list_failures {
        for ((case, answer), judgement) in selected.cases.iter().zip(&answers).zip(&judged) {
            if *judgement != Judgement::Right {
                println!("{}", failure(case, answer, *judgement, compiler));
            }
        }
    }
    let excluded = selected.excluded.values().map(Vec::len).sum();
    Ok(Figures::count(suite.name(), version, selected.files, excluded, judged.iter().copied()))
}

/// A line on a case that is not right: expected lines without an error, and lines with an error that is not expected.
fn failure(case: &Case, answer: &Answer, judgement: Judgement, compiler: &Compiler) -> String {
    let who = if compiler.name == "ours" { String::new() } else { format!("{} ", compiler.name) };
    let detail = match answer {
        Answer::Broke(how) => how.clone(),
        Answer::Errors(found) => {
            let missing: Vec<u32> = case.expected.lines.difference(found).copied().collect();
            let allowed =
                |line: &&u32| !case.expected.lines.contains(line) && !case.expected.optional.contains(line);
            let extra: Vec<u32> = found.iter().filter(allowed).copied().collect();
            format!("missing {missing:?}, too many {extra:?}")
        }
    };
    format!("{who}{:<13} {}: {detail}", judgement.word(), case.name)
}
