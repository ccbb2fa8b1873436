//! Real programs to run under every allocator: the system's compiler, interpreter and database, where they are installed.

use std::path::{Path, PathBuf};

use super::contest::Task;
use crate::corpus::Selection;
use crate::corpus::packages::Packages;
use crate::corpus::table::Set;
use crate::doctor;
use crate::fetch;

/// Parses the interpreter's own library again and again.
const PYTHON: &str = "\
import ast, glob, os
folder = os.path.dirname(os.__file__)
files = sorted(glob.glob(folder + '/*.py'))[:25]
trees = [ast.parse(open(file, encoding='utf-8').read()) for file in files]
names = {}
for tree in trees:
    for node in ast.walk(tree):
        names.setdefault(type(node).__name__, []).append((getattr(node, 'lineno', 0), str(node.__class__)))
print(len(names), sum(map(len, names.values())))
";

/// Fills, indexes and queries a table in memory.
const SQL: &str = "\
create table t (id integer primary key, name text, value integer);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 250000)
  insert into t select i, 'name ' || (i * 7919 % 100003), i * 31 % 1009 from n;
create index by_name on t(name);
select count(*), sum(length(group_concat_name)) from
  (select value, group_concat(name) as group_concat_name from t group by value);
select count(*) from t a join t b on a.name = b.name and a.id < b.id;
";

/// What the whole programs are called.
pub const NAMES: [&str; 3] = ["gcc", "python3", "sqlite3"];

/// Programs that are installed, and a sentence for each that is not.
#[derive(Debug)]
pub struct Found {
    /// One a program.
    pub tasks: Vec<Task>,
    /// What is missing and what brings it.
    pub missing: Vec<String>,
}

/// Finds the programs. `folder` receives the script of the database.
///
/// # Errors
/// When the script cannot be written.
pub fn find(folder: &Path) -> Result<Found, String> {
    let mut found = Found { tasks: Vec::new(), missing: Vec::new() };
    let script = folder.join("script.sql");
    std::fs::write(&script, SQL).map_err(|error| format!("{}: {error}", script.display()))?;
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
    let compile = sqlite_sources().map(|source| words(&["-fsyntax-only", "-w", &source.to_string_lossy()]));
    let read_script = format!(".read {}", script.display());
    for (name, arguments, environment) in [
        (NAMES[0], compile, &[][..]),
        (
            NAMES[1],
            Ok(words(&["-S", "-c", PYTHON])),
            // Its own allocator off; the same order of keys in every run.
            &[("PYTHONMALLOC", "malloc"), ("PYTHONHASHSEED", "0")][..],
        ),
        (NAMES[2], Ok(words(&["-batch", ":memory:", &read_script])), &[][..]),
    ] {
        match doctor::require(name).and(arguments) {
            Ok(arguments) => found.tasks.push(Task { name, program: name.into(), arguments, environment }),
            Err(reason) => found.missing.push(reason),
        }
    }
    Ok(found)
}

/// SQLite in one file, from the corpus.
fn sqlite_sources() -> Result<PathBuf, String> {
    let selection = Selection { set: Set::Quick, unit: None, corpora: None };
    fetch::fetch(&selection, false)?;
    let packages = Packages::locate(&selection.manifest())?;
    Ok(packages.root_of_pinned("libsqlite3-sys")?.join("sqlite3").join("sqlite3.c"))
}
