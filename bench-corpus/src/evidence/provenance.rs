//! `release/allocator-evidence-provenance.tsv`: sources, lock file, flags and tools a run was made from, as digests the judge repeats.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::folder::Folder;
use super::order;
use super::rust_tokens;

/// The file.
pub const FILE: &str = "release/allocator-evidence-provenance.tsv";

/// Folders whose every file may change a measured value; the judge has the same list.
const SOURCES: &[&str] = &[
    "compiler-alloc/src",
    "passes/src",
    "passes/include",
    "bench-corpus/src",
    "bench-corpus/measured",
    "bench-corpus/workloads",
    "bench-corpus/corpora",
    "compat/malloc/src",
];

/// Packages whose manifest and build script decide how those are built; the first is the workspace. The judge has the same list.
const PACKAGES: &[&str] = &["", "compiler-alloc/", "passes/", "bench-corpus/", "compat/malloc/"];

/// Files elsewhere that sources take in. The judge has the same list.
const TAKEN_IN: &[&str] = &["bench-corpus/peers/Cargo.toml", "tools/outside-tools.tsv"];

/// How the names of variables begin that change how the measured programs are compiled, beside those that end in `RUSTFLAGS`.
const FLAGS_BEGIN: &[&str] = &["CARGO_PROFILE_MEASURED_", "CARGO_PROFILE_RELEASE_"];

#[derive(Serialize)]
struct Row {
    item: String,
    value: String,
    binds: &'static str,
    comparison: &'static str,
}

/// Writes the provenance of the other generated files in `out`. Call it last.
///
/// # Errors
/// When a source cannot be read or the compiler cannot be asked.
pub fn write(repository: &Folder, out: &Folder, generated: &[&str]) -> Result<(), String> {
    let mut rows: Vec<Row> =
        made_from(repository)?.into_iter().map(|(item, value)| row(&item, value, binds(&item))).collect();
    for file in generated {
        let bytes = out.bytes(file).ok_or_else(|| format!("{file} was not written"))?;
        rows.push(row(
            &format!("file.{}", file.replace('/', ".")),
            hexadecimal(&Sha256::digest(bytes)),
            "sources",
        ));
    }
    rows.sort_by_key(|row| order::natural(&row.item));
    out.write(FILE, &rows)
}

/// What a run is made from and with: sources, lock file, flags, tools and machine, by name.
///
/// # Errors
/// When a source cannot be read or the compiler cannot be asked.
pub fn made_from(repository: &Folder) -> Result<Vec<(String, String)>, String> {
    let lock = repository.bytes("Cargo.lock").ok_or("Cargo.lock is not there")?;
    let (rustc, target) = compiler()?;
    let items = [
        ("sources", sources(repository.root())?),
        ("cargo-lock", hexadecimal(&Sha256::digest(lock))),
        ("flags", flags(environment())),
        ("rustc", rustc),
        ("target", target),
        ("libc", libc_version()),
        ("cpu-features", cpu_features()),
        ("kernel", kernel()),
    ];
    Ok(items.map(|(item, value)| (item.to_owned(), value)).into())
}

/// The variables of this process whose names and values are text.
pub fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// The variables that change how the measured programs are compiled, `none` without any: `RUSTFLAGS` as it is, others with their names.
fn flags(environment: impl Iterator<Item = (String, String)>) -> String {
    let is_relevant = |name: &str| {
        name.ends_with("RUSTFLAGS") || FLAGS_BEGIN.iter().any(|beginning| name.starts_with(beginning))
    };
    let relevant: BTreeMap<String, String> = environment.filter(|(name, _)| is_relevant(name)).collect();
    let words = relevant.into_iter().map(|(name, value)| match name.as_str() {
        "RUSTFLAGS" => value,
        _ => format!("{name}={value}"),
    });
    let all = words.collect::<Vec<_>>().join(" ").replace('\x1f', " ");
    let all: Vec<&str> = all.split_whitespace().collect();
    if all.is_empty() { "none".to_owned() } else { all.join(" ") }
}

fn binds(item: &str) -> &'static str {
    match item {
        "rustc" | "target" | "libc" => "toolchain",
        "cpu-features" | "kernel" => "machine",
        _ => "sources",
    }
}

fn row(item: &str, value: String, binds: &'static str) -> Row {
    // A file's digest binds it to the run that wrote it; two runs differ in their times.
    let is_compared = binds != "machine" && !item.starts_with("file.");
    let comparison = if is_compared { "exact" } else { "informational" };
    Row { item: item.to_owned(), value, binds, comparison }
}

/// The SHA-256 of a file.
///
/// # Errors
/// When it cannot be read.
pub fn sha256_of(file: &Path) -> Result<String, String> {
    let bytes = fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(hexadecimal(&Sha256::digest(bytes)))
}

/// Lower-case hexadecimal digits.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// SHA-256 over one line `<sha256>  <path>` per source file, sorted by path. Prose (`.md`) measures nothing and stays out, and so do the
/// comments and white space of Rust sources: of these the tokens are digested.
///
/// # Errors
/// When a file cannot be read.
pub fn sources(root: &Path) -> Result<String, String> {
    let manifests =
        PACKAGES.iter().flat_map(|package| ["Cargo.toml", "build.rs"].map(|file| format!("{package}{file}")));
    let mut paths: Vec<String> = manifests.chain(TAKEN_IN.iter().map(|&file| file.to_owned())).collect();
    for folder in SOURCES {
        collect(root, folder, &mut paths)?;
    }
    paths.sort_unstable();
    let mut total = Sha256::new();
    for path in paths {
        let Ok(bytes) = fs::read(root.join(&path)) else { continue };
        let bytes = if path.ends_with(".rs") { rust_tokens::canonical(bytes) } else { bytes };
        total.update(format!("{}  {path}\n", hexadecimal(&Sha256::digest(bytes))));
    }
    Ok(hexadecimal(&total.finalize()))
}

/// Files below `folder`; hidden ones and `target` folders are no sources.
fn collect(root: &Path, folder: &str, paths: &mut Vec<String>) -> Result<(), String> {
    let Ok(entries) = fs::read_dir(root.join(folder)) else { return Ok(()) };
    for entry in entries {
        let entry = entry.map_err(|error| format!("{folder}: {error}"))?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let path = format!("{folder}/{name}");
        let is_folder = entry.path().is_dir();
        if name.starts_with('.') || is_folder && (name == "target" || name == "__pycache__") {
            continue;
        }
        if is_folder {
            collect(root, &path, paths)?;
        } else if !name.ends_with(".md") {
            paths.push(path);
        }
    }
    Ok(())
}

/// Version line and host triple of the compiler.
fn compiler() -> Result<(String, String), String> {
    let program = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(program)
        .arg("-vV")
        .output()
        .map_err(|error| format!("rustc cannot be started: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = |start: &str| text.lines().find(|line| line.starts_with(start)).map(str::to_owned);
    let version = line("rustc ").ok_or("rustc does not say its version")?;
    let host = line("host: ").ok_or("rustc does not say its target")?;
    Ok((version, host.trim_start_matches("host: ").to_owned()))
}

/// `glibc 2.36`, or `unknown` with another C library.
fn libc_version() -> String {
    let output = Command::new("getconf").arg("GNU_LIBC_VERSION").output();
    let text = output.ok().filter(|output| output.status.success()).map(|output| output.stdout);
    let text = text.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned());
    text.filter(|text| !text.is_empty()).unwrap_or_else(|| "unknown".into())
}

fn kernel() -> String {
    rustix::system::uname().release().to_string_lossy().into_owned()
}

/// Instruction sets the machine offers beyond the baseline, of those that change how memory is copied or scanned.
fn cpu_features() -> String {
    #[cfg(target_arch = "x86_64")]
    {
        let offered = [
            ("avx2", std::arch::is_x86_feature_detected!("avx2")),
            ("avx512f", std::arch::is_x86_feature_detected!("avx512f")),
            ("erms", std::arch::is_x86_feature_detected!("ermsb")),
            ("sse4.2", std::arch::is_x86_feature_detected!("sse4.2")),
        ];
        let names: Vec<&str> = offered.iter().filter(|(_, has)| *has).map(|(name, _)| *name).collect();
        if names.is_empty() { "baseline".into() } else { names.join(",") }
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        "unknown".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variable_that_changes_the_measured_programs_is_among_the_flags() {
        let of = |pairs: &[(&str, &str)]| {
            flags(pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())))
        };
        assert_eq!(of(&[("PATH", "/bin"), ("CARGO_PROFILE_DEV_DEBUG", "0"), ("RUSTFLAGS", " ")]), "none");
        assert_eq!(of(&[("RUSTFLAGS", " -Ca  -Cb ")]), "-Ca -Cb");
        let hidden = [("CARGO_ENCODED_RUSTFLAGS", "-Ca\x1f-Cb"), ("CARGO_PROFILE_MEASURED_LTO", "off")];
        assert_eq!(of(&hidden), "CARGO_ENCODED_RUSTFLAGS=-Ca -Cb CARGO_PROFILE_MEASURED_LTO=off");
    }

    #[test]
    fn the_digest_of_sources_changes_with_tokens_and_names_but_not_with_comments_or_build_folders() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path();
        let put = |path: &str, text: &str| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, text).expect("a file");
        };
        put("compiler-alloc/src/lib.rs", "a");
        let first = sources(root).expect("a digest");
        put("compiler-alloc/src/lib.rs", "// said differently\na\n");
        assert_eq!(sources(root).expect("a digest"), first, "a comment measures nothing");
        put("bench-corpus/corpora/quick/target/x", "built");
        put("compiler-alloc/src/.hidden", "editor");
        assert_eq!(sources(root).expect("a digest"), first);
        put("compiler-alloc/src/lib.rs", "b");
        let second = sources(root).expect("a digest");
        put("compiler-alloc/src/other.rs", "");
        let third = sources(root).expect("a digest");
        put("compat/malloc/build.rs", "");
        let fourth = sources(root).expect("a digest");
        assert!(first != second && second != third && third != fourth);
    }
}
