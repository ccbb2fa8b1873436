//! The allocators that are measured: a shared library each, preloaded into the same program.
//!
//! mimalloc, snmalloc and rpmalloc are compiled here from sources that cargo pins and fetches (`bench-corpus/peers`); jemalloc and
//! gperftools are Debian's libraries. What cannot be had is named with the package that brings it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::corpus::packages::{PLATFORM, Packages, cargo, reason};
use crate::doctor;
use crate::step::programs;

/// Our heap.
pub const OURS: &str = "ours";
/// The system's own malloc.
pub const GLIBC: &str = "glibc";
/// The peer that geometric means are relative to.
pub const MIMALLOC: &str = "mimalloc-3";
/// The same without huge pages: the fair comparison of resident memory, because it asks for huge pages by itself and we do not.
pub const MIMALLOC_4K: &str = "mimalloc-3-4k";

/// An allocator that can be run.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Its name in tables.
    pub name: &'static str,
    /// The library to preload; none for the system's own.
    pub library: Option<PathBuf>,
    environment: &'static [(&'static str, &'static str)],
}

impl Peer {
    /// The system's own allocator under a name of its own, for tests.
    #[cfg(test)]
    pub fn of_the_system(name: &'static str) -> Self {
        Self { name, library: None, environment: &[] }
    }

    /// The variables that make a program run under it.
    pub fn environment(&self) -> Vec<(&str, &str)> {
        let preload = self.library.as_deref().and_then(Path::to_str).map(|library| ("LD_PRELOAD", library));
        self.environment.iter().copied().chain(preload).collect()
    }
}

/// Where a peer comes from.
enum Origin {
    System,
    Ours,
    /// Sources of a pinned package, compiled by one command. `{}` in an argument is the package's folder.
    Pinned {
        package: &'static str,
        version: &'static str,
        compiler: &'static str,
        arguments: &'static [&'static str],
    },
    Debian {
        package: &'static str,
        file: &'static str,
    },
}

struct Listed {
    name: &'static str,
    origin: Origin,
    environment: &'static [(&'static str, &'static str)],
}

/// The sources of mimalloc in one of the two versions that its package holds.
macro_rules! mimalloc {
    ($version:literal) => {
        Origin::Pinned {
            package: "libmimalloc-sys",
            version: "0.1.49",
            compiler: "gcc",
            arguments: &[
                "-DMI_SHARED_LIB",
                "-DMI_SHARED_LIB_EXPORT",
                "-DMI_MALLOC_OVERRIDE",
                "-fno-builtin-malloc",
                concat!("-I{}/c_src/mimalloc/", $version, "/include"),
                concat!("-I{}/c_src/mimalloc/", $version, "/src"),
                concat!("{}/c_src/mimalloc/", $version, "/src/static.c"),
            ],
        }
    };
}

const PEERS: &[Listed] = &[
    Listed { name: OURS, origin: Origin::Ours, environment: &[] },
    Listed { name: GLIBC, origin: Origin::System, environment: &[] },
    Listed { name: MIMALLOC, origin: mimalloc!("v3"), environment: &[] },
    Listed { name: MIMALLOC_4K, origin: mimalloc!("v3"), environment: &[("MIMALLOC_ALLOW_THP", "0")] },
    Listed { name: "mimalloc-2", origin: mimalloc!("v2"), environment: &[] },
    Listed {
        name: "snmalloc",
        origin: Origin::Pinned {
            package: "snmalloc-sys",
            version: "0.7.6",
            compiler: "c++",
            arguments: &[
                "-std=c++20",
                "-mcx16",
                "-DSNMALLOC_EXPORT=__attribute__((visibility(\"default\")))",
                "-DSNMALLOC_USE_WAIT_ON_ADDRESS=1",
                "-I{}/upstream/src",
                "{}/upstream/src/snmalloc/override/malloc.cc",
                "{}/upstream/src/snmalloc/override/new.cc",
            ],
        },
        environment: &[],
    },
    Listed {
        name: "rpmalloc-1.4",
        origin: Origin::Pinned {
            package: "rpmalloc-sys",
            version: "0.2.3+b097fd0",
            compiler: "gcc",
            arguments: &[
                "-D_GNU_SOURCE",
                "-DENABLE_PRELOAD=1",
                "-DENABLE_OVERRIDE=1",
                "-fvisibility=default",
                "-w",
                "{}/rpmalloc/rpmalloc/rpmalloc.c",
            ],
        },
        environment: &[],
    },
    Listed {
        name: "jemalloc",
        origin: Origin::Debian { package: "libjemalloc2", file: "libjemalloc.so.2" },
        environment: &[],
    },
    Listed {
        name: "gperftools",
        origin: Origin::Debian { package: "libtcmalloc-minimal4", file: "libtcmalloc_minimal.so.4" },
        environment: &[],
    },
];

/// Flags of every compiled peer, before its own.
const FLAGS: &[&str] =
    &["-O3", "-DNDEBUG", "-fPIC", "-shared", "-fvisibility=hidden", "-ftls-model=initial-exec", "-pthread"];

/// Folders in which Debian's libraries are looked for.
const LIBRARY_FOLDERS: &[&str] = &["/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/local/lib", "/usr/lib"];

/// Allocators that can be run here, and a sentence for each that cannot.
#[derive(Debug)]
pub struct Found {
    /// In the order of tables, ours first.
    pub peers: Vec<Peer>,
    /// Why another one is missing and what brings it.
    pub missing: Vec<String>,
}

/// Builds or finds every allocator whose name is `wanted`; `ours` is measured in place of our own when it is given. `program` is run under each
/// once, to see that its malloc is really used.
pub fn find(wanted: impl Fn(&str) -> bool, ours: Option<&Path>, program: &Path) -> Found {
    let mut found = Found { peers: Vec::new(), missing: Vec::new() };
    for listed in PEERS.iter().filter(|listed| wanted(listed.name)) {
        let peer = library(&listed.origin, ours)
            .map(|library| Peer { name: listed.name, library, environment: listed.environment })
            .and_then(|peer| verified(peer, program));
        match peer {
            Ok(peer) => found.peers.push(peer),
            Err(reason) => found.missing.push(format!("{}: {reason}", listed.name)),
        }
    }
    found
}

/// Names of all listed allocators.
pub fn names() -> Vec<&'static str> {
    PEERS.iter().map(|listed| listed.name).collect()
}

fn library(origin: &Origin, given: Option<&Path>) -> Result<Option<PathBuf>, String> {
    match *origin {
        Origin::System => Ok(None),
        Origin::Ours => match given {
            Some(file) => {
                file.canonicalize().map(Some).map_err(|error| format!("{}: {error}", file.display()))
            }
            None => ours().map(Some),
        },
        Origin::Pinned { package, version, compiler, arguments } => {
            compiled(package, version, compiler, arguments).map(Some)
        }
        Origin::Debian { package, file } => {
            let mut places = LIBRARY_FOLDERS.iter().map(|folder| Path::new(folder).join(file));
            let found = places.find(|place| place.is_file());
            found
                .map(Some)
                .ok_or_else(|| format!("{file} is missing; get it with: apt-get install {package}"))
        }
    }
}

/// The shared library of our heap, built.
///
/// # Errors
/// When cargo cannot build it.
pub fn ours() -> Result<PathBuf, String> {
    let folder = root().join("compat").join("malloc");
    if !folder.join("Cargo.toml").is_file() {
        return Err("not built yet: there is no package compat/malloc".to_owned());
    }
    let messages = programs::build_package(&folder, &["--lib"])?;
    programs::shared_library(&messages)
        .ok_or_else(|| "cargo built no shared library in compat/malloc".to_owned())
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the workspace")
}

/// Compiles a peer into the build folder, unless it is there.
fn compiled(package: &str, version: &str, compiler: &str, arguments: &[&str]) -> Result<PathBuf, String> {
    doctor::require(compiler)?;
    let sources = sources(package, version)?;
    let sources = sources.to_str().ok_or("cargo's home has a name that is not UTF-8")?;
    let arguments: Vec<String> = arguments.iter().map(|argument| argument.replace("{}", sources)).collect();
    let build = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let folder = build.join("heap-peers");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    // Other flags are another file.
    let digest = digest(&[FLAGS.join(" "), arguments.join(" ")]);
    let library = folder.join(format!("lib{package}-{version}-{digest}.so"));
    if library.is_file() {
        return Ok(library);
    }
    let unfinished = library.with_extension("unfinished");
    let output = Command::new(compiler)
        .args(FLAGS)
        .args(&arguments)
        .arg("-o")
        .arg(&unfinished)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{compiler} cannot be started: {error}"))?;
    if !output.status.success() {
        return Err(format!("{compiler} failed: {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    std::fs::rename(&unfinished, &library).map_err(|error| format!("{}: {error}", library.display()))?;
    Ok(library)
}

fn digest(parts: &[String]) -> String {
    use sha2::{Digest, Sha256};
    let bytes = Sha256::digest(parts.join("\n"));
    bytes.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// The folder of a pinned package's sources; cargo fetches it when it is not in its home.
fn sources(package: &str, version: &str) -> Result<PathBuf, String> {
    let manifest = root().join("bench-corpus").join("peers").join("Cargo.toml");
    let packages = Packages::locate(&manifest).or_else(|_| {
        let output = cargo()
            .args(["fetch", "--locked", "--quiet", "--target", PLATFORM, "--manifest-path"])
            .arg(&manifest)
            .output()
            .map_err(|error| format!("cargo cannot be started: {error}"))?;
        match output.status.success() {
            true => Packages::locate(&manifest),
            false => Err(format!(
                "package {package} cannot be fetched: {}; connect to the package registry",
                reason(&String::from_utf8_lossy(&output.stderr))
            )),
        }
    })?;
    packages.root(package, version).map(Path::to_owned)
}

/// Runs the program under the allocator and asks it whose malloc it has.
fn verified(peer: Peer, program: &Path) -> Result<Peer, String> {
    let output = Command::new(program)
        .arg("whose")
        .envs(peer.environment())
        .output()
        .map_err(|error| format!("{}: {error}", program.display()))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let said = Path::new(said.trim());
    let is_its_own = match &peer.library {
        Some(library) => said.file_name() == library.file_name(),
        None => said.file_name().is_some_and(|name| name.to_string_lossy().starts_with("libc.so")),
    };
    match output.status.success() && is_its_own {
        true => Ok(peer),
        false => Err(format!("a program under it has the malloc of {:?} ({})", said, output.status)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_runs_by_its_preloaded_library_and_its_variables() {
        let peer = Peer {
            name: MIMALLOC_4K,
            library: Some(PathBuf::from("lib/libpeer.so")),
            environment: &[("MIMALLOC_ALLOW_THP", "0")],
        };
        assert_eq!(peer.environment(), [("MIMALLOC_ALLOW_THP", "0"), ("LD_PRELOAD", "lib/libpeer.so")]);
    }

    #[test]
    fn an_allocator_that_is_not_the_one_in_use_is_refused() {
        let peer = Peer { name: GLIBC, library: None, environment: &[] };
        // `echo whose` names no C library.
        assert!(verified(peer, Path::new("/bin/echo")).is_err());
    }

    #[test]
    fn every_pinned_version_is_the_one_in_the_manifest() {
        let manifest = include_str!("../../peers/Cargo.toml");
        for listed in PEERS {
            if let Origin::Pinned { package, version, .. } = listed.origin {
                let (number, _) = version.split_once('+').unwrap_or((version, ""));
                assert!(manifest.contains(&format!("{package} = \"={number}\"")), "{package} {version}");
            }
        }
    }
}
