//! A whole set of the corpus in one process of ours, `cfront -p`, beside clang, beside itself with one thread, and on bumpalo.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

use serde_json::json;

use super::compiler::Compiler;
use crate::corpus::compare;
use crate::corpus::unit::Unit;
use crate::measure::{self, Ratio, Run, middle};
use crate::verdict::Verdict;

/// Processes of clang that run at the same time, as under `xargs -P2`; threads of ours.
const JOBS: usize = 2;

/// Units, and their list of commands.
pub struct CorpusRun<'c> {
    ours: &'c Compiler,
    units: Vec<Unit>,
    commands: PathBuf,
    /// Where that list is.
    folder: tempfile::TempDir,
}

impl<'c> CorpusRun<'c> {
    /// `units` for `ours`.
    ///
    /// # Errors
    /// When the list of commands cannot be written.
    pub fn new(ours: &'c Compiler, units: Vec<Unit>) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| format!("no list of commands: {error}"))?;
        let commands = write_commands(&units, folder.path())?;
        Ok(Self { ours, units, commands, folder })
    }

    /// One run of ours over everything; CPU time and the like, and seconds that passed.
    fn run_ours(&self, jobs: usize) -> Result<(Run, f64), String> {
        let commands = self.commands.display().to_string();
        let began = Instant::now();
        let arguments = ["-p", &commands, "-w", "-j", &jobs.to_string()];
        let run = measure::run_in(self.folder.path(), &self.ours.program, &arguments, &[])?;
        Ok((run, began.elapsed().as_secs_f64()))
    }

    /// TARGETS F3: CPU time of ours in one process by that of a clang for each unit, two of them at a time.
    ///
    /// clang goes once over the units, in `pairs` parts of every kind of unit; ours runs over all units before each part, so that slow
    /// moments of the machine meet both. Ours is the bound below which its median is with 95 % confidence.
    ///
    /// # Errors
    /// When a unit is refused.
    pub fn beside_clang(&self, clang: &Compiler, pairs: usize) -> Result<Vec<Verdict>, String> {
        let empty = self.folder.path().join("empty.c");
        std::fs::write(&empty, "").map_err(|error| format!("{}: {error}", empty.display()))?;
        let empty =
            Unit { root: self.folder.path().to_owned(), path: "empty.c".into(), ..self.units[0].clone() };
        let (mut ours, mut ours_elapsed) = (Vec::new(), Vec::new());
        let (mut theirs, mut theirs_elapsed, mut start) = (0.0, 0.0, Vec::new());
        for part in 0..pairs {
            let (run, elapsed) = self.run_ours(JOBS)?;
            ours.push(run.cpu_seconds);
            ours_elapsed.push(elapsed);
            let units: Vec<&Unit> = self.units.iter().skip(part).step_by(pairs).collect();
            let began = Instant::now();
            theirs += two_at_a_time(clang, &units)?;
            theirs_elapsed += began.elapsed().as_secs_f64();
            start.push(clang.run(&empty)?.cpu_seconds);
            eprintln!("          {} of {pairs} parts", part + 1);
        }
        let start = middle(start) * self.units.len() as f64;
        println!(
            "\n{} units: ours {:.2} s CPU, {:.2} s; clang {theirs:.2} s CPU, {theirs_elapsed:.2} s, of which start-up {start:.2} s CPU\n",
            self.units.len(),
            middle(ours.iter().copied()),
            middle(ours_elapsed)
        );
        let verdict = |what: &str, theirs: f64, bar: f64| {
            let what = format!("{} units: CPU time by clang's, {what}", self.units.len());
            Verdict::ratio("F3", what, Ratio::of(ours.iter().map(|&seconds| (seconds, theirs))), bar)
        };
        Ok(vec![
            verdict("its start-up included", theirs, 1.0 / 15.0),
            verdict("without its start-up", (theirs - start).max(1e-4), 1.0 / 9.0),
        ])
    }

    /// TARGETS F4: time that passes with two threads by that with one.
    ///
    /// # Errors
    /// When a unit is refused.
    pub fn two_threads(&self, pairs: usize) -> Result<Verdict, String> {
        let mut ratios = Vec::new();
        for _ in 0..pairs {
            ratios.push((self.run_ours(JOBS)?.1, self.run_ours(1)?.1));
        }
        let what = format!("{} units: time with two threads by time with one", self.units.len());
        Ok(Verdict::ratio("F4", what, Ratio::of(ratios), 1.0 / 1.9))
    }

    /// TARGETS F5: bytes that the pass `parse` asks for when it keeps its trees, by lines after the preprocessor.
    ///
    /// # Errors
    /// When a unit is refused, or the report has no such pass.
    pub fn trees(&self) -> Result<Verdict, String> {
        let mut command = std::process::Command::new(&self.ours.program);
        command.arg("-p").arg(&self.commands).args(["-w", "-j1", "--keep-trees", "--mem-report=json"]);
        let output = command.output().map_err(|error| format!("cfront cannot be started: {error}"))?;
        let said = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            return Err(format!("cfront refused a unit: {said}"));
        }
        let bytes = tree_bytes(&said).ok_or_else(|| format!("no report of pass parse in: {said}"))?;
        let lines: u64 = self.units.iter().map(|unit| unit.pp_lines).sum();
        let what = format!("{} units: bytes of tree by preprocessed line", self.units.len());
        Ok(Verdict::new("F5", what, bytes as f64 / lines as f64, 120.0))
    }
}

/// Writes the list of commands of `units` into `folder`; its path.
///
/// # Errors
/// When it cannot be written.
pub fn write_commands(units: &[Unit], folder: &Path) -> Result<PathBuf, String> {
    let commands = folder.join("compile_commands.json");
    let entries = units.iter().map(|unit| {
        let words: Vec<&str> = ["cc"]
            .into_iter()
            .chain(unit.flags.iter().map(String::as_str))
            .chain([unit.path.as_str()])
            .collect();
        json!({"directory": unit.root, "file": unit.path, "arguments": words})
    });
    let text = serde_json::Value::from_iter(entries).to_string();
    std::fs::write(&commands, text).map_err(|error| format!("no list of commands: {error}"))?;
    Ok(commands)
}

/// What pass `parse` used, of the line that is the report.
fn tree_bytes(said: &str) -> Option<u64> {
    let report = said.lines().find_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())?;
    let passes = report["passes"].as_array()?;
    passes.iter().find(|pass| pass["pass"] == "parse")?["out_used"].as_u64()
}

/// Runs `compiler` on each unit, two processes at a time; the sum of their CPU seconds.
fn two_at_a_time(compiler: &Compiler, units: &[&Unit]) -> Result<f64, String> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut seconds = 0.0;
        while let Some(unit) = units.get(next.fetch_add(1, Relaxed)) {
            seconds += compiler.run(unit)?.cpu_seconds;
        }
        Ok::<f64, String>(seconds)
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..JOBS).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("a thread that runs processes does not panic"))
            .sum()
    })
}

/// TARGETS F5: page faults of a unit in warm rounds, by the same passes' on bumpalo.
///
/// # Errors
/// When a run cannot be started, or a unit fails in it.
pub fn steady_faults() -> Result<Verdict, String> {
    let flags = compare::Args::with(&["--set", "quick", "--passes", "check", "--pairs", "1"])?;
    let comparison = compare::compare(&flags)?;
    if comparison.failed_units() > 0 {
        return Err(format!("{} units failed", comparison.failed_units()));
    }
    let faults = comparison.figures()[0].clone();
    let units = comparison.ours[0].units as f64;
    let note = format!(
        "ours {:.2} a unit, bumpalo {:.2}",
        faults.ours as f64 / units,
        faults.bumpalo as f64 / units
    );
    let what = "quick set: faults in warm rounds by bumpalo's";
    Ok(Verdict { note, ..Verdict::new("F5", what, faults.ours as f64 / faults.bumpalo.max(1) as f64, 0.01) })
}

#[cfg(test)]
mod tests {
    use super::tree_bytes;

    #[test]
    fn the_bytes_of_trees_are_read_from_the_report_among_other_lines() {
        let said = "a.c:1:1: warning: x\ncfront: 2 units checked\n{\"passes\":[{\"pass\":\"lex\",\"out_used\":1},{\"pass\":\"parse\",\"out_used\":42}]}\n";
        assert_eq!(tree_bytes(said), Some(42));
        assert_eq!(tree_bytes("nothing\n"), None);
    }
}
