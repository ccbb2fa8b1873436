//! Which program holds the probe of a subject and case, and which library is loaded before it.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use bench_measured::probe::{self, Case, Face};

use super::programs;

/// The programs that hold the probes, and the libraries that the C probes are run on. Each is built when it is first needed.
#[derive(Debug, Default)]
pub struct Programs {
    rust: OnceCell<PathBuf>,
    c: OnceCell<PathBuf>,
    ours: OnceCell<PathBuf>,
    /// Other libraries with `malloc` and `free`, by the subject's name.
    others: Vec<(String, PathBuf)>,
}

/// How the probe of a subject is run.
#[derive(Clone, Debug)]
pub struct ProbeProgram {
    /// The program.
    pub path: PathBuf,
    /// The library to be loaded before it.
    pub library: Option<PathBuf>,
}

/// The C library that the program was linked to, as a subject.
pub const SYSTEM: &str = "system";

impl Programs {
    /// Those that this repository builds, and `others` for the C interface.
    pub fn with(others: Vec<(String, PathBuf)>) -> Self {
        Self { others, ..Self::default() }
    }

    /// The program for a subject's probe of a case; `None` when the subject has no such interface.
    ///
    /// # Errors
    /// When something cannot be built.
    pub fn of(&self, subject: &str, case: Case) -> Result<Option<ProbeProgram>, String> {
        if case.face == Face::Rust {
            let path = built(&self.rust, || programs::build("fast-path-probe"))?;
            return Ok(Some(ProbeProgram { path, library: None }));
        }
        let other = self.others.iter().find(|(name, _)| name == subject).map(|(_, path)| path.clone());
        let library = match subject {
            super::TWIN | SYSTEM => None,
            super::OURS => Some(built(&self.ours, build_malloc)?),
            _ if other.is_some() => other,
            _ => return Ok(None),
        };
        Ok(Some(ProbeProgram { path: built(&self.c, || programs::build("malloc-probe"))?, library }))
    }

    /// Every subject that may offer the case, the twin left out.
    pub fn subjects(&self, case: Case) -> Vec<&str> {
        match case.face {
            Face::Rust => probe::SUBJECTS.iter().copied().filter(|&subject| subject != super::TWIN).collect(),
            Face::C => {
                let others = self.others.iter().map(|(name, _)| name.as_str());
                [super::OURS, SYSTEM].into_iter().chain(others).collect()
            }
        }
    }
}

fn built(
    cell: &OnceCell<PathBuf>,
    build: impl FnOnce() -> Result<PathBuf, String>,
) -> Result<PathBuf, String> {
    if let Some(path) = cell.get() {
        return Ok(path.clone());
    }
    let path = build()?;
    Ok(cell.get_or_init(|| path).clone())
}

/// The heap's shared library: `malloc` and its kin.
fn build_malloc() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../compat/malloc");
    let messages = programs::build_package(&folder, &["--lib"])?;
    programs::shared_library(&messages)
        .ok_or_else(|| "cargo built no shared library in compat/malloc".to_owned())
}
