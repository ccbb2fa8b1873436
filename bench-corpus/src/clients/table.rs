//! What was measured: a table a client, and rows for other programs.

use std::fmt::Write;
use std::path::Path;

use super::contest::{Contest, RoundRow, Rounds};

/// A line a program: medians over its runs.
pub fn of(contest: &Contest) -> String {
    let mut text = format!(
        "\n{:<10}{:<14}{:>10}{:>10}{:>12}{:>10}{:>10}{:>10}{:>14}\n",
        contest.client.name,
        "allocator",
        "faults 1st",
        "warm",
        "CPU ms warm",
        "peak MB",
        "idle MB",
        "trimmed",
        "instructions"
    );
    for entry in &contest.entries {
        let mega = |figure: fn(&Rounds) -> u64| entry.median(|run| figure(run) as f64) / 1e6;
        let _ = writeln!(
            text,
            "{:<10}{:<14}{:>10.0}{:>10.0}{:>12.1}{:>10.1}{:>10.1}{:>10.1}{:>14}",
            entry.setup.arenas,
            entry.setup.allocator,
            entry.median(|run| run.faults[0] as f64),
            entry.warm_faults(),
            entry.median(Rounds::warm_cpu_us) / 1e3,
            mega(|run| run.peak_bytes),
            mega(|run| run.idle_bytes),
            mega(|run| run.trimmed_bytes),
            entry.instructions.map_or("-".to_owned(), |instructions| format!("{:.1} M", instructions / 1e6)),
        );
    }
    text
}

/// Writes the rows, comma-separated, with a head line.
///
/// # Errors
/// When the file cannot be written.
pub fn write(rows: &[RoundRow], file: &Path) -> Result<(), String> {
    let failed = |error: csv::Error| format!("{}: {error}", file.display());
    let mut writer = csv::Writer::from_path(file).map_err(failed)?;
    rows.iter().try_for_each(|row| writer.serialize(row)).map_err(failed)?;
    writer.flush().map_err(|error| format!("{}: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::super::contest::tests::{duel, rounds};
    use super::*;

    #[test]
    fn a_line_has_the_medians_of_a_program() {
        let contest = duel(
            vec![rounds([9000, 5, 100, 300], [1, 1, 2000, 4000])],
            vec![rounds([8000, 5, 0, 0], [1, 1, 1000, 1000])],
        );
        let table = of(&contest);
        let lines: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[2][..5], ["registry", "glibc", "9000", "200", "3.0"]);
        assert_eq!(lines[3][..5], ["ours", "glibc", "8000", "0", "1.0"]);
    }
}
