//! The suites: the Debian package of each, the files of it that are looked at, and the rule that selects cases.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::active::Active;
use super::case::Case;
use super::download::{Package, Release};
use super::{clang, dejagnu, sparse, tcc};

/// A suite of third-party tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Suite {
    /// clang's test/Sema
    Sema,
    /// clang's test/Parser
    Parser,
    /// clang's test/Preprocessor
    Preprocessor,
    /// gcc.c-torture/compile
    Torture,
    /// gcc.dg with dg-error
    GccDg,
    /// sparse's validation
    Sparse,
    /// tcc's tests2
    Tcc,
    /// Programs that csmith makes
    Csmith,
}

/// Cases of a suite, and how many files gave none, by reason.
#[derive(Debug, Default)]
pub struct Selected {
    /// Files looked at.
    pub files: usize,
    /// What is asked.
    pub cases: Vec<Case>,
    /// Files that are not asked about: why, and which.
    pub excluded: BTreeMap<String, Vec<String>>,
}

/// What a rule makes of a file.
pub type Choice = Result<Vec<Case>, String>;

impl Suite {
    /// All of them, in the order of reports.
    pub const ALL: [Suite; 8] = [
        Suite::Sema,
        Suite::Parser,
        Suite::Preprocessor,
        Suite::Torture,
        Suite::GccDg,
        Suite::Sparse,
        Suite::Tcc,
        Suite::Csmith,
    ];

    /// The name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Suite::Sema => "clang-sema",
            Suite::Parser => "clang-parser",
            Suite::Preprocessor => "clang-preprocessor",
            Suite::Torture => "gcc-torture-compile",
            Suite::GccDg => "gcc-dg",
            Suite::Sparse => "sparse",
            Suite::Tcc => "tcc",
            Suite::Csmith => "csmith",
        }
    }

    /// Where it comes from.
    pub fn package(self) -> Package {
        let (release, archive_part, folders): (_, _, &'static [&'static str]) = match self {
            Suite::Sema | Suite::Parser | Suite::Preprocessor => (
                Release::Source("llvm-toolchain-14"),
                "",
                &["*/clang/test/Sema/*", "*/clang/test/Parser/*", "*/clang/test/Preprocessor/*"],
            ),
            Suite::Torture | Suite::GccDg => (
                Release::Binaries(&["gcc-12-source"]),
                "*/gcc-12.*-dfsg.tar.xz",
                &["*/testsuite/gcc.c-torture/compile/*", "*/testsuite/gcc.dg/*"],
            ),
            Suite::Sparse => (Release::Source("sparse"), "", &["*/validation/*"]),
            Suite::Tcc => (Release::Source("tcc"), "", &["*tests/tests2/*"]),
            Suite::Csmith => (Release::Binaries(&["csmith", "libcsmith-dev"]), "", &["*"]),
        };
        Package { release, archive_part, folders }
    }

    /// The folders of the unpacked package whose files are looked at, by the end of their path, and whether folders in them count.
    fn folders(self) -> &'static [(&'static str, bool)] {
        match self {
            Suite::Sema => &[("clang/test/Sema", true)],
            Suite::Parser => &[("clang/test/Parser", true)],
            Suite::Preprocessor => &[("clang/test/Preprocessor", true)],
            Suite::Torture => &[("gcc.c-torture/compile", false)],
            Suite::GccDg => &[("gcc.dg", false), ("gcc.dg/noncompile", false), ("gcc.dg/cpp", false)],
            Suite::Sparse => &[("validation", true)],
            Suite::Tcc => &[("tests/tests2", false)],
            Suite::Csmith => &[],
        }
    }

    /// The cases that the rule selects from the package unpacked at `root`. `active` knows which lines are not skipped.
    ///
    /// # Errors
    /// A folder cannot be read, or holds nothing.
    pub fn select(self, root: &Path, active: &Active) -> Result<Selected, String> {
        let mut files = Vec::new();
        for &(folder, deep) in self.folders() {
            let folder = find_folder(root, folder)?;
            list(&folder, deep, &mut files)?;
        }
        files.sort();
        let mut selected = Selected { files: files.len(), ..Selected::default() };
        for path in files {
            let bytes =
                std::fs::read(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
            let text = String::from_utf8_lossy(&bytes);
            let name = name_of(&path);
            let choice = match self {
                Suite::Sema | Suite::Parser | Suite::Preprocessor => clang::cases(&path, &text, active),
                Suite::Torture => dejagnu::torture(&path, &text),
                Suite::GccDg => dejagnu::with_errors(&path, &text),
                Suite::Sparse => sparse::cases(&path, &text),
                Suite::Tcc => tcc::cases(&path, &text),
                Suite::Csmith => Ok(Vec::new()),
            };
            match choice {
                Ok(cases) => selected.cases.extend(cases),
                Err(reason) => selected.excluded.entry(reason).or_default().push(name),
            }
        }
        if selected.cases.is_empty() {
            return Err(format!("no file of {} is a case", self.name()));
        }
        Ok(selected)
    }
}

/// Folder and file.
pub fn name_of(path: &Path) -> String {
    let folder = path.parent().and_then(Path::file_name).unwrap_or_default();
    format!("{}/{}", folder.to_string_lossy(), file_of(path))
}

/// The file's own name.
pub fn file_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The folder of a file.
pub fn folder_of(path: &Path) -> PathBuf {
    path.parent().unwrap_or(Path::new(".")).to_owned()
}

/// The folder below `root` whose path ends with `end`.
fn find_folder(root: &Path, end: &str) -> Result<PathBuf, String> {
    let mut waiting = vec![root.to_owned()];
    while let Some(folder) = waiting.pop() {
        if folder.ends_with(end) {
            return Ok(folder);
        }
        for entry in entries(&folder)? {
            if entry.is_dir() {
                waiting.push(entry);
            }
        }
    }
    Err(format!("{} has no folder {end}", root.display()))
}

fn list(folder: &Path, deep: bool, files: &mut Vec<PathBuf>) -> Result<(), String> {
    for entry in entries(folder)? {
        if entry.is_dir() {
            if deep {
                list(&entry, deep, files)?;
            }
        } else if entry.extension().is_some_and(|extension| extension == "c") {
            files.push(entry);
        }
    }
    Ok(())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let read =
        std::fs::read_dir(folder).map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    Ok(read.flatten().map(|entry| entry.path()).collect())
}
