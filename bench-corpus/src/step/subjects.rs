//! Which program holds the probe of a subject and case, and which library is loaded before it.

use std::path::PathBuf;

use bench_measured::probe::{self, Case, Face};

use super::programs;
use crate::heap_bench;

/// The programs that hold the probes, and the libraries that the C probes are run on. Each is built when it is first needed.
#[derive(Debug, Default)]
pub struct Programs {
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
        Self { others }
    }

    /// The program for a subject's probe of a case; `None` when the subject has no such interface.
    ///
    /// # Errors
    /// When something cannot be built.
    pub fn of(&self, subject: &str, case: Case) -> Result<Option<ProbeProgram>, String> {
        if case.face == Face::Rust {
            return Ok(Some(ProbeProgram { path: programs::build("fast-path-probe")?, library: None }));
        }
        let other = self.others.iter().find(|(name, _)| name == subject).map(|(_, path)| path.clone());
        let library = match subject {
            super::TWIN | SYSTEM => None,
            super::OURS => Some(heap_bench::library()?),
            _ if other.is_some() => other,
            _ => return Ok(None),
        };
        Ok(Some(ProbeProgram { path: programs::build("malloc-probe")?, library }))
    }

    /// Every subject that may offer the case, the twin left out.
    pub fn subjects(&self, case: Case) -> Vec<&str> {
        match case.face {
            Face::Rust => probe::subjects().filter(|&subject| subject != super::TWIN).collect(),
            Face::C => {
                let others = self.others.iter().map(|(name, _)| name.as_str());
                [super::OURS, SYSTEM].into_iter().chain(others).collect()
            }
        }
    }
}
