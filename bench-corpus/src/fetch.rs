//! Fetching the pinned C sources: cargo downloads the packages of a set's manifest, checksums and all, into its own home.
//! Nothing is built and no build script runs. With everything in cargo's home no network is touched.

use std::io::{BufRead, BufReader, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli;
use crate::corpus::Selection;
use crate::corpus::packages::{PLATFORM, cargo, reason};
use crate::corpus::table::Row;
use crate::doctor;

/// Flags of `bench-corpus fetch`.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    selection: Selection,
    /// Never touch the network: succeed only if everything is already in cargo's home
    #[arg(long)]
    offline: bool,
}

/// Runs `bench-corpus fetch`; the last line is a verdict.
pub fn run(args: &Args) -> ExitCode {
    if let Some(reason) = args.selection.misuse() {
        return cli::misused("fetch", &reason);
    }
    match fetch(&args.selection, args.offline) {
        Ok(verdict) => {
            println!("verdict\t{verdict}");
            ExitCode::SUCCESS
        }
        Err(reason) => cli::fail("fetch", &reason),
    }
}

/// Makes the packages of the chosen set available and checks that every row of the table has its file.
///
/// # Errors
/// A sentence naming the packages that could not be had and what to do, or the row whose file is missing.
pub fn fetch(selection: &Selection, offline: bool) -> Result<String, String> {
    doctor::require("cargo")?;
    let rows = selection.rows()?;
    let manifest = selection.manifest();
    let cached = cargo_fetch(&manifest, true, None);
    let how = match cached {
        Ok(()) => "all from cargo's home, no network used",
        Err(error) if offline => return Err(unavailable(&rows, selection, &error)),
        Err(_) => {
            let bar = progress_bar(&rows);
            let outcome = cargo_fetch(&manifest, false, Some(&bar));
            bar.finish_and_clear();
            outcome.map_err(|error| unavailable(&rows, selection, &error))?;
            "downloaded"
        }
    };
    let units = selection.units()?;
    Ok(format!("ok: {} units of {} packages, {how}", units.len(), package_names(&rows).len()))
}

/// One `cargo fetch`; advances `bar` by a step for each package of it that cargo reports.
fn cargo_fetch(manifest: &Path, offline: bool, bar: Option<&ProgressBar>) -> Result<(), String> {
    let mut command = cargo();
    command.args(["fetch", "--locked", "--target", PLATFORM, "--manifest-path"]).arg(manifest);
    if offline {
        command.arg("--offline");
    }
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let mut child = child.map_err(|error| format!("cargo cannot be started: {error}"))?;
    let stderr = child.stderr.take().expect("stderr is piped");
    let words = follow(stderr, bar);
    let status = child.wait().map_err(|error| format!("cargo cannot be waited for: {error}"))?;
    if status.success() { Ok(()) } else { Err(reason(&words)) }
}

/// Reads cargo's words to the end and returns them; `Downloaded name v1.2.3` moves the bar.
fn follow(stderr: impl Read, bar: Option<&ProgressBar>) -> String {
    let mut words = String::new();
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        if let (Some(bar), Some(package)) = (bar, line.trim().strip_prefix("Downloaded ")) {
            bar.inc(1);
            bar.set_message(package.to_owned());
        }
        words.push_str(&line);
        words.push('\n');
    }
    words
}

fn progress_bar(rows: &[Row]) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} fetching {wide_msg} {pos} packages, {elapsed}");
    let bar = ProgressBar::new_spinner().with_style(style.expect("the template is valid"));
    bar.set_message(format!("{} and what they build with", package_names(rows).join(", ")));
    bar.enable_steady_tick(std::time::Duration::from_millis(120));
    bar
}

/// The packages of the rows, each once, in the table's order.
fn package_names(rows: &[Row]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for row in rows {
        let name = format!("{} {}", row.package, row.version);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The sentence for packages that cannot be had: which, why, and what to do.
fn unavailable(rows: &[Row], selection: &Selection, cargos_reason: &str) -> String {
    let set = selection.set.name();
    let missing = match cargo_home() {
        Some(home) => absent_from(&home, &package_names(rows)),
        None => Vec::new(),
    };
    let what =
        if missing.is_empty() { "a package that these build with".to_owned() } else { missing.join(", ") };
    format!(
        "cannot get {what} of the {set} set: {cargos_reason}\n\
         connect to the package registry and run `bench-corpus fetch --set {set}` again, \
         or copy cargo's home from a machine where that command succeeded"
    )
}

fn cargo_home() -> Option<PathBuf> {
    let from_home = || std::env::home_dir().map(|home| home.join(".cargo"));
    std::env::var_os("CARGO_HOME").map(PathBuf::from).or_else(from_home)
}

/// Those of `names` ("name version") whose archive is in no registry cache below `home`.
fn absent_from(home: &Path, names: &[String]) -> Vec<String> {
    let registries = std::fs::read_dir(home.join("registry").join("cache"));
    let caches: Vec<PathBuf> = registries.into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    let held = |name: &String| {
        let archive = format!("{}.crate", name.replacen(' ', "-", 1));
        caches.iter().any(|cache| cache.join(&archive).is_file())
    };
    names.iter().filter(|name| !held(name)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_packages_that_are_not_cached_are_named() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let cache = home.path().join("registry/cache/some-index");
        std::fs::create_dir_all(&cache).expect("the cache is made");
        std::fs::write(cache.join("lua-src-551.1.0.crate"), "").expect("the archive is made");
        let names = ["lua-src 551.1.0".to_owned(), "zstd-sys 2.1.3+zstd.1.5.7".to_owned()];
        assert_eq!(absent_from(home.path(), &names), ["zstd-sys 2.1.3+zstd.1.5.7"]);
        assert_eq!(absent_from(&home.path().join("nowhere"), &names), names);
    }

    #[test]
    fn cargos_downloads_move_the_bar_and_its_words_are_kept() {
        let bar = ProgressBar::hidden();
        let words = "  Downloading crates ...\n  Downloaded lua-src v551.1.0\nerror: no route\n";
        assert_eq!(follow(words.as_bytes(), Some(&bar)), words);
        assert_eq!(bar.position(), 1);
        assert_eq!(bar.message(), "lua-src v551.1.0");
    }

    #[test]
    fn every_package_of_the_quick_set_is_listed_once() {
        let selection = Selection { set: crate::corpus::table::Set::Quick, unit: None, corpora: None };
        let names = package_names(&selection.rows().expect("the committed table is readable"));
        assert_eq!(names.len(), 7);
        assert!(names.contains(&"pg_query 18.1.0".to_owned()), "{names:?}");
    }
}
