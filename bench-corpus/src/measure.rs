//! How a measurement is taken: a process of its own, the kernel's account of it, alternating repetition, and the bound on a ratio.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::corpus::usage::Usage;

/// Pairs of runs behind every verdict on a ratio.
pub const PAIRS_MIN: usize = 15;

/// What one process cost, by the kernel's account.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Run {
    /// User plus system time, seconds.
    pub cpu_seconds: f64,
    /// Page faults served without reading a file.
    pub faults: u64,
    /// Highest resident memory, bytes. Never below that of the process that started it, so only good for programs larger than us.
    pub peak_resident_bytes: u64,
    /// Facts the process printed, `name<TAB>number` a line.
    pub facts: BTreeMap<String, u64>,
}

impl Run {
    /// A fact the process printed.
    ///
    /// # Errors
    /// When it did not print it.
    pub fn fact(&self, name: &str) -> Result<u64, String> {
        self.facts.get(name).copied().ok_or_else(|| format!("the worker did not say its {name}"))
    }

    /// Highest resident memory, bytes. A program that says its own is believed: our own memory hides small ones from the kernel's account.
    pub fn peak_resident_bytes(&self) -> u64 {
        self.fact("peak_resident_bytes").unwrap_or(self.peak_resident_bytes)
    }
}

/// Runs `program` to its end and reads what it cost and what it printed.
///
/// # Errors
/// When it cannot be started, or does not end with exit code 0.
pub fn run(program: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Result<Run, String> {
    run_in(Path::new("."), program, arguments, environment)
}

/// The same in `folder`.
///
/// # Errors
/// When it cannot be started, or does not end with exit code 0.
pub fn run_in(
    folder: &Path,
    program: &Path,
    arguments: &[&str],
    environment: &[(&str, &str)],
) -> Result<Run, String> {
    let named = || format!("{} {}", program.display(), arguments.join(" "));
    let mut command = Command::new(program);
    command
        .current_dir(folder)
        .args(arguments)
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("{}: {error}", named()))?;
    let mut text = String::new();
    let mut output = child.stdout.take().expect("the output is piped");
    output.read_to_string(&mut text).map_err(|error| format!("{}: {error}", named()))?;
    let (status, usage) = wait(child.id() as libc::pid_t).map_err(|error| format!("{}: {error}", named()))?;
    if !libc::WIFEXITED(status) || libc::WEXITSTATUS(status) != 0 {
        return Err(format!("{} ended with wait status {status:#x}", named()));
    }
    Ok(Run {
        cpu_seconds: cpu_seconds_of(&usage),
        faults: usage.ru_minflt as u64,
        peak_resident_bytes: usage.ru_maxrss as u64 * 1024,
        facts: facts(&text),
    })
}

/// User plus system time of this process and of those that it started and that ended, seconds.
pub fn cpu_seconds() -> f64 {
    (Usage::of_process().cpu + Usage::of_children().cpu).as_secs_f64()
}

fn cpu_seconds_of(usage: &libc::rusage) -> f64 {
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

/// Waits for a child to end; its exit status and the resources it used.
fn wait(pid: libc::pid_t) -> io::Result<(libc::c_int, libc::rusage)> {
    let mut status = 0;
    // SAFETY: must be a valid value of a structure of integers. All zeroes is one.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: wait4 writes one int and one rusage to the given places, which are ours.
        let result = unsafe { libc::wait4(pid, &raw mut status, 0, &raw mut usage) };
        if result == pid {
            return Ok((status, usage));
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

/// One run of a contest, as the `--csv` of `arena` and `heap` print it and `report` reads it.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ContestRow {
    /// What was run.
    pub workload: String,
    /// Under what.
    pub allocator: String,
    /// From 0; runs of one round stood beside each other in time.
    pub round: usize,
    /// User plus system time.
    pub cpu_seconds: f64,
    /// As the program says of itself, else by the kernel's account.
    pub peak_resident_bytes: f64,
    /// Page faults served without reading a file.
    pub page_faults: f64,
}

impl ContestRow {
    /// The row of one run.
    pub fn new(workload: &str, allocator: &str, round: usize, run: &Run) -> Self {
        Self {
            workload: workload.to_owned(),
            allocator: allocator.to_owned(),
            round,
            cpu_seconds: run.cpu_seconds,
            peak_resident_bytes: run.peak_resident_bytes() as f64,
            page_faults: run.faults as f64,
        }
    }
}

/// Writes one row a run, comma-separated, with a head line.
///
/// # Errors
/// When `output` cannot be written.
pub fn write_rows(rows: impl Iterator<Item = ContestRow>, output: impl io::Write) -> Result<(), String> {
    let failure = |error: &dyn std::fmt::Display| format!("the rows cannot be written: {error}");
    let mut writer = csv::Writer::from_writer(output);
    for row in rows {
        writer.serialize(row).map_err(|error| failure(&error))?;
    }
    writer.flush().map_err(|error| failure(&error))
}

fn facts(text: &str) -> BTreeMap<String, u64> {
    text.lines()
        .filter_map(|line| line.split_once('\t'))
        .filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?)))
        .collect()
}

/// A ratio of two things measured in alternation.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Ratio {
    /// Median over the pairs.
    pub median: f64,
    /// With 95 % confidence the true median is below this.
    pub bound: f64,
    /// Number of pairs.
    pub pairs: usize,
}

impl Ratio {
    /// The ratio `ours / theirs` of each pair, summed up. No distribution is assumed: the bound is the order statistic that a sign test
    /// gives, so single slow runs on a busy machine do not move it.
    ///
    /// # Panics
    /// When there are fewer than five pairs: no bound exists.
    pub fn of(pairs: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let mut ratios: Vec<f64> = pairs.into_iter().map(|(ours, theirs)| ours / theirs).collect();
        ratios.sort_unstable_by(f64::total_cmp);
        let count = ratios.len();
        let rank = upper_rank(count).expect("at least five pairs");
        Self { median: median(&ratios), bound: ratios[rank - 1], pairs: count }
    }
}

/// The middle of sorted numbers, or the mean of the two in the middle.
///
/// # Panics
/// When there is none.
pub fn median(sorted: &[f64]) -> f64 {
    let (low, high) = ((sorted.len() - 1) / 2, sorted.len() / 2);
    f64::midpoint(sorted[low], sorted[high])
}

/// The median of numbers in any order.
///
/// # Panics
/// When there is none.
pub fn middle(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_unstable_by(f64::total_cmp);
    median(&sorted)
}

/// The smallest rank, from 1, whose order statistic lies above the true median with 95 % confidence.
pub fn upper_rank(count: usize) -> Option<usize> {
    // The k-th smallest of n lies below the median with the probability that k or more of n fair coins show heads.
    let mut tail = 1.0_f64;
    let mut term = 0.5_f64.powi(count as i32);
    for rank in 1..=count {
        tail -= term;
        if tail <= 0.05 {
            return Some(rank);
        }
        term *= (count - rank + 1) as f64 / rank as f64;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_the_order_statistic_of_the_sign_test() {
        // From tables of the binomial distribution: n = 15 needs the 12th, n = 20 the 15th, n = 5 the largest.
        assert_eq!(upper_rank(15), Some(12));
        assert_eq!(upper_rank(20), Some(15));
        assert_eq!(upper_rank(5), Some(5));
        assert_eq!(upper_rank(4), None);
    }

    #[test]
    fn a_ratio_is_judged_by_its_bound_not_by_its_median() {
        let ratio = Ratio::of((1..=15).map(|value| (f64::from(value), 10.0)));
        assert_eq!((ratio.median, ratio.bound, ratio.pairs), (0.8, 1.2, 15));
    }

    #[test]
    fn one_slow_run_does_not_move_the_bound() {
        let mut pairs = vec![(1.0, 2.0); 14];
        pairs.push((100.0, 2.0));
        assert_eq!(Ratio::of(pairs).bound, 0.5);
    }

    #[test]
    fn the_bound_covers_the_true_median_as_often_as_it_says() {
        // Ratios spread evenly over 0.5..1.5: the true median is 1.
        let mut rng = bench_measured::rng::Rng::new(95);
        let trials = 4000;
        let covered = (0..trials)
            .filter(|_| {
                let drawn = (0..15).map(|_| (0.5 + rng.below(1_000_000) as f64 / 1e6, 1.0));
                Ratio::of(drawn.collect::<Vec<_>>()).bound >= 1.0
            })
            .count();
        let share = covered as f64 / f64::from(trials);
        assert!((0.95..=0.995).contains(&share), "{share}");
    }

    #[test]
    fn a_process_is_measured_to_its_end() {
        let run = run(Path::new("/bin/sh"), &["-c", "printf 'answer\\t42\\n'"], &[]).expect("a shell runs");
        assert_eq!(run.fact("answer"), Ok(42));
        assert!(run.fact("question").is_err());
        assert!(run.faults > 10);
        assert!(super::run(Path::new("/bin/sh"), &["-c", "exit 3"], &[]).is_err());
    }
}
