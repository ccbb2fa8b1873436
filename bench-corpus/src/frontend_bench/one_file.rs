//! sqlite3.c under every compiler: instructions, CPU time, resident memory; with and without what an empty file costs.

use std::fmt::Write;
use std::process::Command;

use super::compiler::{CLANG, Compiler, OURS};
use crate::corpus::unit::Unit;
use crate::heap_bench::start_up;
use crate::instructions;
use crate::measure::{Ratio, Run, middle};
use crate::verdict::Verdict;

/// A file, an empty one, and who checks both.
pub struct OneFile {
    file: Unit,
    empty: Unit,
    compilers: Vec<Compiler>,
    /// Where the empty file is.
    _folder: tempfile::TempDir,
}

/// What is checked, by whom, in which round, at what cost.
pub type Runs = Vec<(&'static str, &'static str, usize, Run)>;

const FILE: &str = "sqlite3.c";
const EMPTY: &str = "empty";

impl OneFile {
    /// `file` under `ours` and `peers`.
    ///
    /// # Errors
    /// When the empty file cannot be written.
    pub fn new(file: Unit, ours: Compiler, peers: Vec<Compiler>) -> Result<Self, String> {
        let failure = |error: std::io::Error| format!("no empty file: {error}");
        let folder = tempfile::tempdir().map_err(failure)?;
        std::fs::write(folder.path().join("empty.c"), "").map_err(failure)?;
        let empty = Unit { root: folder.path().to_owned(), path: "empty.c".into(), ..file.clone() };
        let compilers = [ours].into_iter().chain(peers).collect();
        Ok(Self { file, empty, compilers, _folder: folder })
    }

    fn workloads(&self) -> [(&'static str, &Unit); 2] {
        [(FILE, &self.file), (EMPTY, &self.empty)]
    }

    /// Runs `rounds` rounds; in each, every compiler checks both files, the first being another one each round.
    ///
    /// # Errors
    /// When a compiler refuses a file.
    pub fn run(&self, rounds: usize) -> Result<Runs, String> {
        let mut runs = Vec::new();
        for round in 0..rounds {
            for (workload, unit) in self.workloads() {
                for turn in 0..self.compilers.len() {
                    let compiler = &self.compilers[(round + turn) % self.compilers.len()];
                    runs.push((workload, compiler.name, round, compiler.run(unit)?));
                }
            }
        }
        Ok(runs)
    }

    /// TARGETS F1: a table of all compilers, and the verdicts.
    ///
    /// # Errors
    /// When a compiler refuses a file or cannot be counted.
    pub fn speed(&self, pairs: usize) -> Result<Vec<Verdict>, String> {
        let runs = self.run(pairs)?;
        let cpu = |workload: &str, compiler: &str| -> Vec<f64> {
            let of = runs.iter().filter(|run| run.0 == workload && run.1 == compiler);
            of.map(|run| run.3.cpu_seconds).collect()
        };
        let net = |compiler: &str| {
            let start = middle(cpu(EMPTY, compiler));
            cpu(FILE, compiler)
                .into_iter()
                .map(move |seconds| (seconds - start).max(1e-4))
                .collect::<Vec<_>>()
        };
        let mut text = format!(
            "\n{:<12}{:>14}{:>14}{:>12}{:>12}{:>12}\n",
            "sqlite3.c", "instructions", "of an empty", "CPU ms", "of an empty", "peak MB"
        );
        let mut ours = 0.0;
        for compiler in &self.compilers {
            let mut counts = [0.0; 2];
            for (count, (_, unit)) in counts.iter_mut().zip(self.workloads()) {
                let arguments = compiler.arguments(unit);
                let counted = instructions::of_process_in(&unit.root, &compiler.program, &arguments, &[])?;
                *count = counted.instructions;
            }
            if compiler.name == OURS {
                ours = counts[0];
            }
            let of = runs.iter().filter(|run| run.0 == FILE && run.1 == compiler.name);
            let peak = of.map(|run| run.3.peak_resident_bytes).max().unwrap_or(0);
            let _ = writeln!(
                text,
                "{:<12}{:>12.1} M{:>12.1} M{:>12.1}{:>12.1}{:>12.1}",
                compiler.name,
                counts[0] / 1e6,
                counts[1] / 1e6,
                middle(cpu(FILE, compiler.name)) * 1e3,
                middle(cpu(EMPTY, compiler.name)) * 1e3,
                peak as f64 / 1e6
            );
        }
        println!("{text}");
        let mut verdicts =
            vec![Verdict::new("F1", "sqlite3.c: instructions, in thousand millions", ours / 1e9, 0.5)];
        let gross = Ratio::of(cpu(FILE, OURS).into_iter().zip(cpu(FILE, CLANG)));
        verdicts.push(Verdict::ratio("F1", "sqlite3.c: CPU time by clang's, start-up included", gross, 0.2));
        let without_start = Ratio::of(net(OURS).into_iter().zip(net(CLANG)));
        verdicts.push(Verdict::ratio(
            "F1",
            "sqlite3.c: CPU time by clang's, both without start-up",
            without_start,
            0.2,
        ));
        Ok(verdicts)
    }
}

/// TARGETS F2: the most anonymous memory that checking `file` needs.
///
/// # Errors
/// When the file is refused or the process cannot be followed.
pub fn memory(ours: &Compiler, file: &Unit) -> Result<Vec<Verdict>, String> {
    let peak = |more: Option<&str>| {
        let mut command = Command::new(&ours.program);
        command.current_dir(&file.root).args(more).args(ours.arguments(file));
        start_up::measure_command(command).map(|followed| followed.peak_anonymous_bytes as f64 / 1e6)
    };
    let name = "sqlite3.c: most anonymous memory, in MB";
    Ok(vec![
        Verdict::new("F2", format!("{name}, trees kept"), peak(Some("--keep-trees"))?, 30.0),
        Verdict::new("F2", format!("{name}, trees released"), peak(None)?, 20.0),
    ])
}
