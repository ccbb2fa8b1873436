//! Edits of libgit2, of which the corpus has every unit: what each makes be checked again, how long it takes, how often it faults, and that
//! the findings are those of a run that knows nothing. Then trees are replaced by the thousand.
//!
//! `make incremental`, or `cargo run --release -p passes-incremental --example edit_libgit2 [threads]` when the corpus was fetched.

use passes::diagnostics::Diagnostic;
use passes::driver::arguments::{self, Command};
use passes::files::Provider;
use passes::memory::Memory;
use passes::memory::arenas::ArenaMemory;
use passes::options::Options;
use passes::parse::Trees;
use passes::sealed::SealedTree;
use passes::session::{Input, Session, Worker};
use passes_incremental::{Database, Disk, MemoryReport, Runner, Unit, places, set_trees_max, tree};
use std::error::Error;
use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The header that most units include.
const COMMON: &str = "libgit2/src/util/git2_util.h";

fn main() -> Result<()> {
    let threads = std::env::args().nth(1).map_or(Ok(1), |threads| threads.parse())?;
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = tempfile::tempdir()?;
    copy(&package(&repository)?.join("libgit2"), &folder.path().join("libgit2"))?;
    let mut project = Project::open(&repository, folder.path().to_owned(), threads)?;
    println!("{} units, {threads} threads", project.units.len());
    println!("edit                         changed checked lexed   wall ms    cpu ms    faults findings");
    project.round("nothing is known", 209..=209)?;
    project.compare()?;
    project.round("nothing changes", 0..=0)?;
    let function = "\nint git_incremental(int a) { return a + 1; }\n";
    project.append("libgit2/src/libgit2/commit.c", function)?;
    project.round("a function in commit.c", 1..=1)?;
    project.append("libgit2/src/libgit2/checkout.h", "\nint git_incremental_checkout(void);\n")?;
    project.round("a declaration in checkout.h", 2..=10)?;
    project.append(COMMON, "\nint git_incremental_common(void);\n")?;
    project.round("one in git2_util.h", 150..=200)?;
    // The licence at the top: nothing moves, and no parser sees it.
    project.replace(COMMON, "This file is part of libgit2", "this file is part of libgit2")?;
    project.round("a comment of git2_util.h", 150..=200)?;
    project.append(COMMON, "\nint git_incremental_wrong = nobody_declared_this;\n")?;
    project.round("an error in git2_util.h", 150..=200)?;
    project.compare()?;
    let found: usize = project.found.iter().map(|found| found.len()).sum();
    assert!(found > 100, "the error is found wherever the header is read: {found}");
    project.replace(COMMON, "\nint git_incremental_wrong = nobody_declared_this;\n", "\n")?;
    project.round("the error goes", 150..=200)?;
    project.compare()?;
    print!("{}", MemoryReport::of(&mut project.db));
    println!("what reads trees:");
    project.read_trees("asked for the first time", 209..=209)?;
    // A word changes no position, a line moves all that is below it.
    project.replace(COMMON, "this file is part of libgit2", "This file is part of libgit2")?;
    project.round("  a comment of git2_util.h", 150..=200)?;
    project.read_trees("after that", 0..=0)?;
    project.replace(COMMON, "/*", "/* A line more.\n")?;
    project.round("  a line above git2_util.h", 150..=200)?;
    project.read_trees("after that", 150..=200)?;
    project.replace_trees()
}

struct Project {
    root: PathBuf,
    db: Database,
    runner: Runner,
    units: Vec<Unit>,
    /// The unit's path and options, for the cold run.
    wanted: Vec<(String, Options)>,
    found: Vec<Arc<[Diagnostic]>>,
}

impl Project {
    /// Every unit of libgit2 in the corpus, below `root`.
    fn open(repository: &Path, root: PathBuf, threads: usize) -> Result<Self> {
        let corpora = repository.join("bench-corpus/corpora");
        let shim = corpora.join("shim").canonicalize()?;
        let db = Database::over(Disk);
        let mut wanted = Vec::new();
        for row in fs::read_to_string(corpora.join("c-corpus.tsv"))?.lines() {
            let columns: Vec<&str> = row.split('\t').collect();
            let [_, "libgit2-sys", _, path, flags, ..] = columns[..] else { continue };
            let flags = flags.replace("{shim}", &shim.to_string_lossy());
            let words = flags.split(' ').chain([path]).map(str::to_owned).collect();
            let Command::Run(invocation) = arguments::parse(words)? else { return Err("no options".into()) };
            let directory = root.as_os_str().as_encoded_bytes().to_vec();
            wanted.push((path.to_owned(), Options { directory, time: 0, ..invocation.options }));
        }
        let units = wanted.iter().map(|(path, options)| db.unit(path.as_bytes(), options)).collect();
        Ok(Self { root, db, runner: Runner::new(threads), units, wanted, found: Vec::new() })
    }

    fn append(&self, path: &str, text: &str) -> Result<()> {
        let path = self.root.join(path);
        Ok(fs::write(&path, fs::read_to_string(&path)? + text)?)
    }

    fn replace(&self, path: &str, old: &str, new: &str) -> Result<()> {
        let path = self.root.join(path);
        let text = fs::read_to_string(&path)?;
        assert!(text.contains(old), "{old} stands in {}", path.display());
        Ok(fs::write(&path, text.replacen(old, new, 1))?)
    }

    /// Brings everything up to date, which must check as many units as `wanted` says, and prints what that took.
    fn round(&mut self, name: &str, wanted: RangeInclusive<usize>) -> Result<()> {
        let before = Usage::now()?;
        let changed = self.db.refresh();
        let results = self.runner.run(self.db.clone(), &self.units)?;
        let used = Usage::now()?.since(&before);
        self.found = results.into_iter().map(|result| result.diagnostics).collect();
        let recomputed = self.db.take_recomputed();
        assert!(wanted.contains(&recomputed.of("checked")), "{name}: {recomputed}");
        println!(
            "{name:<29}{:>7}{:>8}{:>6}{:>10.1}{:>10.1}{:>10}{:>9}",
            changed.len(),
            recomputed.of("checked"),
            recomputed.of("tokens"),
            used.wall.as_secs_f64() * 1e3,
            used.cpu.as_secs_f64() * 1e3,
            used.faults,
            self.found.iter().map(|found| found.len()).sum::<usize>(),
        );
        Ok(())
    }

    /// Compares the findings with a cold run's.
    fn compare(&self) -> Result<()> {
        let before = Usage::now()?;
        let cold = cold::<ArenaMemory>(&self.wanted);
        let used = Usage::now()?.since(&before);
        for ((path, _), (found, cold)) in self.wanted.iter().zip(self.found.iter().zip(cold)) {
            // Positions in a session's source space depend on which files it read before.
            let same = found.len() == cold.len()
                && found
                    .iter()
                    .zip(&cold)
                    .all(|(one, other)| Diagnostic { range: other.range, ..one.clone() } == *other);
            assert!(same, "{path}: {found:#?} instead of {cold:#?}");
        }
        let (cpu, faults) = (used.cpu.as_secs_f64() * 1e3, used.faults);
        println!(
            "  as a run that knows nothing, which takes {cpu:.1} ms of CPU on one thread and {faults} faults"
        );
        Ok(())
    }

    /// Asks where the functions of every unit are, which their trees say, and prints how often that had to be found out.
    fn read_trees(&mut self, when: &str, wanted: RangeInclusive<usize>) -> Result<()> {
        let before = Usage::now()?;
        for &unit in &self.units {
            places(&self.db, unit);
        }
        let used = Usage::now()?.since(&before);
        let recomputed = self.db.take_recomputed();
        let (read, built) = (recomputed.of("places"), recomputed.of("sealed_tree"));
        assert!(wanted.contains(&read), "{when}: {recomputed}");
        println!(
            "  {when}: {read} units read, {built} trees taken or built, {:.1} ms of CPU",
            used.cpu.as_secs_f64() * 1e3
        );
        Ok(())
    }

    fn ask_for_trees(&self) {
        for &unit in &self.units {
            tree(&self.db, unit);
        }
    }

    /// Replaces a thousand trees that were asked for and are kept, and gives as many back on this thread and on another.
    fn replace_trees(&mut self) -> Result<()> {
        set_trees_max(&mut self.db, 0);
        println!("trees kept and replaced by edits of git2_util.h:");
        let mut replaced = 0;
        for number in 0.. {
            self.append(COMMON, &format!("\nint git_incremental_kept_{number}(void);\n"))?;
            let before = Usage::now()?;
            self.db.refresh();
            self.ask_for_trees();
            let used = Usage::now()?.since(&before);
            let trees = self.db.take_recomputed().of("sealed_tree");
            println!(
                "  {trees} trees, {:.1} ms of CPU, {} faults",
                used.cpu.as_secs_f64() * 1e3,
                used.faults
            );
            replaced += trees;
            if replaced >= 1000 {
                break;
            }
        }
        for elsewhere in [false, true] {
            let (mut count, mut bytes, mut wall, mut faults) = (0, 0, Duration::ZERO, 0);
            for number in 0.. {
                // The database's handles go with the next change; then the last ones are here.
                let trees: Vec<SealedTree> =
                    self.units.iter().map(|&unit| tree(&self.db, unit).clone()).collect();
                self.append(COMMON, &format!("\nint git_incremental_{elsewhere}_{number}(void);\n"))?;
                self.db.refresh();
                self.ask_for_trees();
                self.append(COMMON, "\n")?;
                self.db.refresh();
                count += trees.len();
                bytes += trees.iter().map(|tree| tree.heap_size().reserved).sum::<usize>();
                let give_back = move || -> std::io::Result<Usage> {
                    let before = Usage::now()?;
                    drop(trees);
                    Ok(Usage::now()?.since(&before))
                };
                let used = match elsewhere {
                    true => std::thread::spawn(give_back).join().expect("it does not panic")?,
                    false => give_back()?,
                };
                wall += used.wall;
                faults += used.faults;
                if count >= 1000 {
                    break;
                }
            }
            let place = if elsewhere { "another thread" } else { "this thread" };
            let (each, size) = (wall.as_secs_f64() * 1e6 / count as f64, bytes as f64 / 1e6);
            println!(
                "{count} trees of {size:.1} MB given back on {place}: {each:.1} us each, {faults} faults"
            );
        }
        Ok(())
    }
}

/// What a run without a database finds.
fn cold<M: Memory>(wanted: &[(String, Options)]) -> Vec<Vec<Diagnostic>> {
    let mut memory = M::Session::default();
    M::pass(&mut memory, passes::meter::LEX, |pass| {
        let session = Session::<M>::new(pass, Provider::Disk);
        let mut worker = Worker::new(pass);
        let check = |(path, options): &(String, Options)| {
            let outcome = worker.check(&session, Input::File(path.as_bytes()), options, Trees::Released);
            outcome.diagnostics.as_slice().to_vec()
        };
        wanted.iter().map(check).collect()
    })
}

/// What the process used.
struct Usage {
    at: Instant,
    wall: Duration,
    cpu: Duration,
    faults: u64,
}

impl Usage {
    fn now() -> std::io::Result<Self> {
        let text = fs::read_to_string("/proc/self/stat")?;
        // Behind the program's name, which may contain anything: the state is field 3.
        let fields: Vec<&str> = text.rsplit(") ").next().unwrap_or("").split(' ').collect();
        let number =
            |field: usize| fields.get(field - 3).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
        // Ticks are hundredths on Linux.
        let cpu = Duration::from_millis((number(14) + number(15)) * 10);
        Ok(Self { at: Instant::now(), wall: Duration::ZERO, cpu, faults: number(10) })
    }

    fn since(&self, before: &Usage) -> Self {
        let wall = self.at.duration_since(before.at);
        Self { at: self.at, wall, cpu: self.cpu - before.cpu, faults: self.faults - before.faults }
    }
}

/// Where cargo keeps the package that has libgit2's sources.
fn package(repository: &Path) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let manifest = repository.join("bench-corpus/corpora/full/Cargo.toml");
    let output = std::process::Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked", "--offline", "--manifest-path"])
        .arg(manifest)
        .output()?;
    let facts: serde_json::Value = serde_json::from_slice(&output.stdout)
        .map_err(|_| "the corpus is not here; `bench-corpus fetch --set full` brings it")?;
    let packages = facts["packages"].as_array().ok_or("cargo lists no packages")?;
    let manifest = packages
        .iter()
        .find(|package| package["name"] == "libgit2-sys")
        .and_then(|package| package["manifest_path"].as_str());
    Ok(Path::new(manifest.ok_or("the corpus has no libgit2")?)
        .parent()
        .ok_or("a package has a folder")?
        .to_owned())
}

/// Copies a folder with all that is below it.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            fs::write(to, fs::read(entry.path())?)?;
        }
    }
    Ok(())
}
