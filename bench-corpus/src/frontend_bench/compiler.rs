//! The compilers that check a unit, and how each is called for that.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use tempfile::TempDir;

use crate::corpus::unit::Unit;
use crate::doctor;
use crate::measure::{self, Run};
use crate::step::programs;

/// Our frontend.
pub const OURS: &str = "cfront";
/// The compiler that targets compare with.
pub const CLANG: &str = "clang";

/// A compiler that only checks.
#[derive(Clone, Debug)]
pub struct Compiler {
    /// Its name in tables.
    pub name: &'static str,
    /// The program itself, not one that starts it.
    pub program: PathBuf,
    /// What makes it only check.
    arguments: &'static [&'static str],
    /// Where the code goes that one makes which cannot only check; the folder goes with the last copy.
    object: Option<(String, Arc<TempDir>)>,
}

impl Compiler {
    /// Ours, built alone with profile `measured`.
    ///
    /// # Errors
    /// When it cannot be built.
    pub fn ours() -> Result<Self, String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../passes");
        let messages = programs::build_package(&folder, &["--bin", "cfront"])?;
        let program = programs::executable(&messages).ok_or("cargo built no program for cfront")?;
        Ok(Self { name: OURS, program, arguments: &["-fsyntax-only", "-w"], object: None })
    }

    /// Debian's clang.
    ///
    /// # Errors
    /// A sentence with the package when it is missing.
    pub fn clang() -> Result<Self, String> {
        doctor::require("clang")?;
        Ok(Self { name: CLANG, program: "clang".into(), arguments: &["-fsyntax-only", "-w"], object: None })
    }

    /// gcc's compiler proper, which the command `gcc` starts.
    ///
    /// # Errors
    /// A sentence with the package when it is missing.
    pub fn gcc() -> Result<Self, String> {
        doctor::require("gcc")?;
        let failure = |reason: String| format!("gcc does not say where its cc1 is: {reason}");
        let answer = Command::new("gcc").arg("-print-prog-name=cc1").output();
        let answer = answer.map_err(|error| failure(error.to_string()))?;
        let program = PathBuf::from(String::from_utf8_lossy(&answer.stdout).trim());
        if !program.is_absolute() {
            return Err(failure(program.display().to_string()));
        }
        // As the command gcc calls it: without the second pair it does not find the C library's headers.
        let arguments = &["-quiet", "-fsyntax-only", "-w", "-imultiarch", "x86_64-linux-gnu"];
        Ok(Self { name: "gcc (cc1)", program, arguments, object: None })
    }

    /// Debian's tcc, which cannot only check: it makes code, too.
    ///
    /// # Errors
    /// A sentence with the package when it is missing.
    pub fn tcc() -> Result<Self, String> {
        doctor::require("tcc")?;
        // Not /dev/null: tcc unlinks what it is to write, and where root runs it that is gone then.
        let folder =
            tempfile::tempdir().map_err(|error| format!("tcc has no folder for its code: {error}"))?;
        let object = folder.path().join("unit.o").display().to_string();
        let object = Some((object, Arc::new(folder)));
        Ok(Self { name: "tcc", program: "tcc".into(), arguments: &["-w", "-c"], object })
    }

    /// The arguments for `unit`, to be run in its root.
    pub fn arguments<'a>(&'a self, unit: &'a Unit) -> Vec<&'a str> {
        let object = self.object.iter().flat_map(|(file, _)| ["-o", file.as_str()]);
        let flags = unit.flags.iter().map(String::as_str);
        self.arguments.iter().copied().chain(object).chain(flags).chain([unit.path.as_str()]).collect()
    }

    /// Checks `unit` in a process of its own.
    ///
    /// # Errors
    /// When it cannot be started, or does not accept the unit.
    pub fn run(&self, unit: &Unit) -> Result<Run, String> {
        measure::run_in(&unit.root, &self.program, &self.arguments(unit), &[])
    }
}
