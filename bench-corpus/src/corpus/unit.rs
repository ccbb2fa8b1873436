//! A unit of the corpus on this machine: its file, its working folder and its flags with every placeholder filled in.

use std::path::{Path, PathBuf};

use super::packages::Packages;
use super::table::Row;

/// One translation unit, ready to compile.
#[derive(Clone, Debug)]
pub struct Unit {
    /// The package that carries it.
    pub package: String,
    /// Path below the package's root; what the tables print.
    pub path: String,
    /// The package's root: the working folder of a compile.
    pub root: PathBuf,
    /// Flags in gcc's spelling, one word each, placeholders filled in, paths relative to `root` or absolute.
    pub flags: Vec<String>,
    /// Non-blank lines after gcc's preprocessor, from the table.
    pub pp_lines: u64,
}

impl Unit {
    /// Fills in a row of the table; `shim` is the folder of config headers that this project ships.
    ///
    /// # Errors
    /// A sentence naming the package that is not there, or the file that the package does not have.
    pub fn of(row: &Row, packages: &Packages, shim: &Path) -> Result<Unit, String> {
        let root = packages.root(&row.package, &row.version)?.to_owned();
        if !root.join(&row.path).is_file() {
            let Row { package, version, path, .. } = row;
            return Err(format!("package {package} {version} has no file {path}"));
        }
        let flags = row.flags.split(' ').filter(|flag| !flag.is_empty());
        let flags: Result<Vec<String>, String> = flags.map(|flag| fill_in(flag, packages, shim)).collect();
        let pp_lines = row.pp_lines;
        Ok(Unit { package: row.package.clone(), path: row.path.clone(), root, flags: flags?, pp_lines })
    }

    /// Package and path, as the tables print a unit and as `--unit` matches it.
    pub fn name(&self) -> String {
        format!("{}/{}", self.package, self.path)
    }
}

/// Replaces the placeholder of `flag`, if it has one: `{shim}` is our folder, any other name that package's root.
fn fill_in(flag: &str, packages: &Packages, shim: &Path) -> Result<String, String> {
    let Some((before, rest)) = flag.split_once('{') else { return Ok(flag.to_owned()) };
    let Some((name, after)) = rest.split_once('}') else {
        return Err(format!("flag {flag} of the table opens a placeholder and does not close it"));
    };
    let folder = if name == "shim" { shim } else { packages.root_of_pinned(name)? };
    Ok(format!("{before}{}{after}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packages() -> Packages {
        let mut packages = Packages::default();
        packages.insert("libz-sys", "1.1.31", Path::new("home/libz-sys-1.1.31"));
        packages
    }

    #[test]
    fn placeholders_become_the_shim_folder_and_package_roots() {
        let shim = Path::new("corpora/shim");
        let check = |flag: &str, expected: &str| {
            assert_eq!(fill_in(flag, &packages(), shim).as_deref(), Ok(expected))
        };
        check("-I{shim}/libgit2", "-Icorpora/shim/libgit2");
        check("-I{libz-sys}/src/zlib", "-Ihome/libz-sys-1.1.31/src/zlib");
        check("-Ideps/zlib", "-Ideps/zlib");
    }

    #[test]
    fn quotes_in_a_definition_are_literal() {
        let flag = r#"-DSHA1DC_CUSTOM_INCLUDE_SHA1_C="common.h""#;
        assert_eq!(fill_in(flag, &packages(), Path::new("s")).as_deref(), Ok(flag));
    }

    #[test]
    fn an_unknown_or_unclosed_placeholder_is_an_error_that_names_it() {
        let unknown = fill_in("-I{zlib-ng}/x", &packages(), Path::new("s")).expect_err("no such package");
        assert!(unknown.contains("zlib-ng"), "{unknown}");
        let unclosed = fill_in("-I{shim/x", &packages(), Path::new("s")).expect_err("never closed");
        assert!(unclosed.contains("-I{shim/x"), "{unclosed}");
    }

    #[test]
    fn a_file_that_the_package_does_not_have_is_named() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let mut packages = Packages::default();
        packages.insert("p", "1.0.0", home.path());
        let row = |path: &str| Row {
            set: super::super::table::Set::Quick,
            package: "p".into(),
            version: "1.0.0".into(),
            path: path.into(),
            flags: "-std=gnu11  -DA".into(),
            pp_lines: 1,
        };
        let missing = Unit::of(&row("gone.c"), &packages, Path::new("s")).expect_err("the file is not there");
        assert_eq!(missing, "package p 1.0.0 has no file gone.c");
        std::fs::write(home.path().join("here.c"), "int x;\n").expect("the file is written");
        let unit = Unit::of(&row("here.c"), &packages, Path::new("s")).expect("the file is there");
        assert_eq!(unit.flags, ["-std=gnu11", "-DA"]);
        assert_eq!(unit.name(), "p/here.c");
    }
}
