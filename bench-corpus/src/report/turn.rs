//! One turn out of a raw step trace: what a single operation executes, cut out of a call that repeats it.
//!
//! A probe repeats its operation in a loop, so the loop's head is the place in the probe's own function that is executed most often. What
//! lies between two visits of the head is a turn. Turns differ now and then, when a chunk is full or a list is empty; the most frequent
//! length is shown, and the counts of the evidence are the mean over all of them.

use std::collections::HashMap;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::document::Line;

/// More instructions than this are cut off.
const LINES_MAX: usize = 120;

/// The call that is shown: the first of the two equal ones.
const CALL: &str = "1";

/// One executed instruction, as the trace file has it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Step<'t> {
    operations: usize,
    function: &'t str,
    offset: &'t str,
    text: &'t str,
    /// Conditional branch, taken, loads, stores, locked, system call, calls.
    counts: [&'t str; 7],
}

/// What is shown of one subject.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// Which instructions these are.
    pub extent: String,
    /// They, and where they stand.
    pub lines: Vec<Line>,
}

/// The digest of the two traces of a subject on a case, with the operation then without, as the evidence has it; `None` if one is missing.
pub fn digest(folder: &Path, case: &str, subject: &str) -> Option<String> {
    let mut digest = Sha256::new();
    for subject in [subject, "nothing"] {
        digest.update(std::fs::read(folder.join(format!("{case}--{subject}.tsv"))).ok()?);
    }
    Some(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Reads the trace of a subject on a case; `None` if there is none.
///
/// # Errors
/// A sentence with the file when it is not a raw trace.
pub fn read(folder: &Path, case: &str, subject: &str) -> Result<Option<Turn>, String> {
    let path = folder.join(format!("{case}--{subject}.tsv"));
    if !path.is_file() {
        return Ok(None);
    }
    let failure = |reason: &str| format!("{}: {reason}", path.display());
    let text = std::fs::read_to_string(&path).map_err(|error| failure(&error.to_string()))?;
    let steps = steps(&text).map_err(|reason| failure(&reason))?;
    if steps.is_empty() { Err(failure("has no measured call")) } else { Ok(Some(turn(&steps))) }
}

fn steps(text: &str) -> Result<Vec<Step<'_>>, String> {
    let mut lines = text.lines();
    if lines.next() != Some(crate::step::trace::HEADER) {
        return Err("has another header than a raw trace".into());
    }
    let mut steps = Vec::new();
    for (index, line) in lines.enumerate() {
        let fields: Vec<&str> = line.split('\t').collect();
        let &[_, _, call, operations, _, function, offset, _, _, text, ref counts @ ..] = fields.as_slice()
        else {
            return Err(format!("line {}: has too few columns", index + 2));
        };
        let wrong = || format!("line {}: is no row of a raw trace", index + 2);
        let counts: [&str; 7] = counts.try_into().map_err(|_| wrong())?;
        if call == CALL {
            let operations = operations.parse().map_err(|_| wrong())?;
            steps.push(Step { operations, function, offset, text, counts });
        }
    }
    Ok(steps)
}

/// The most frequent turn of the call, or all of it when it does the operation once.
fn turn(steps: &[Step<'_>]) -> Turn {
    let operations = steps[0].operations;
    let Some(visits) = visits(steps).filter(|_| operations > 1) else {
        let extent = format!("{}: a whole call", instructions(steps.len()));
        return Turn { extent, lines: lines(steps) };
    };
    let mut lengths: HashMap<usize, usize> = HashMap::new();
    for pair in visits.windows(2) {
        *lengths.entry(pair[1] - pair[0]).or_default() += 1;
    }
    let most = lengths.iter().max_by_key(|(length, count)| (**count, usize::MAX - **length));
    let length = most.map_or(steps.len(), |(length, _)| *length);
    let first = visits.windows(2).find(|pair| pair[1] - pair[0] == length).map_or(0, |pair| pair[0]);
    let frequency = lengths.get(&length).copied().unwrap_or(0);
    let turns = visits.len() - 1;
    let alike = if frequency == turns {
        "as every turn".to_owned()
    } else {
        format!("as {frequency} of {turns} turns")
    };
    // A loop that the compiler unrolled does several operations a turn.
    let each = (operations as f64 / visits.len() as f64).round().max(1.0) as usize;
    let of = if each > 1 { format!(" of {each} operations") } else { String::new() };
    let extent = format!("{}: one turn{of} of the probe's loop, {alike}", instructions(length));
    Turn { extent, lines: lines(&steps[first..first + length]) }
}

fn instructions(count: usize) -> String {
    if count == 1 { "1 instruction".into() } else { format!("{count} instructions") }
}

/// Where the head of the loop stands in the call: the place in the probe's own function that is visited most often, twice at least.
fn visits(steps: &[Step<'_>]) -> Option<Vec<usize>> {
    let probe = steps[0].function;
    let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, step) in steps.iter().enumerate().filter(|(_, step)| step.function == probe) {
        places.entry(step.offset).or_default().push(index);
    }
    let head = places.into_values().max_by_key(|visits| (visits.len(), usize::MAX - visits[0]))?;
    (head.len() > 1).then_some(head)
}

fn lines(steps: &[Step<'_>]) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut function = "";
    for step in steps.iter().take(LINES_MAX) {
        if step.function != function {
            function = step.function;
            lines.push(Line::Function(function.to_owned()));
        }
        lines.push(Line::Instruction { text: step.text.to_owned(), marks: marks(&step.counts) });
    }
    if steps.len() > LINES_MAX {
        lines.push(Line::More(steps.len() - LINES_MAX));
    }
    lines
}

/// A letter for each thing that the instruction does.
fn marks(counts: &[&str; 7]) -> String {
    let [branch, taken, loads, stores, locked, system_call, calls] = counts;
    let branch_letter = if *taken == "1" { "B" } else { "b" };
    [("l", loads), ("s", stores), (branch_letter, branch), ("L", locked), ("K", system_call), ("c", calls)]
        .into_iter()
        .map(|(letter, count)| letter.repeat(count.parse().unwrap_or(0)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four turns of a loop between entry and exit; the third goes a longer way.
    fn trace() -> String {
        let mut text = format!("{}\n", crate::step::trace::HEADER);
        let mut index = 0;
        let mut step = |call: u8, function: &str, offset: u64, instruction: &str, counts: &str| {
            let counts = counts.replace(' ', "\t");
            text += &format!(
                "ours\tcase\t{call}\t4\t{index}\t{function}\t{offset}\t90\tx\t{instruction}\t{counts}\n"
            );
            index += 1;
        };
        step(0, "probe", 0, "of another call", "0 0 0 0 0 0 0");
        step(1, "probe", 0, "push rbx", "0 0 0 1 0 0 0");
        for turn in 0..4 {
            step(1, "probe", 8, "mov rax, [rdi]", "0 0 1 0 0 0 0");
            if turn == 2 {
                step(1, "miss", 0, "call slow", "0 0 0 1 0 0 1");
            }
            step(1, "probe", 16, "js +0x8", "1 1 0 0 0 0 0");
        }
        step(1, "probe", 24, "ret", "0 0 1 0 0 0 0");
        text
    }

    #[test]
    fn the_most_frequent_turn_of_the_loop_is_shown() {
        let text = trace();
        let turn = turn(&steps(&text).expect("the trace is read"));
        assert_eq!(turn.extent, "2 instructions: one turn of the probe's loop, as 2 of 3 turns");
        let line = |text: &str, marks: &str| Line::Instruction { text: text.into(), marks: marks.into() };
        let expected = [Line::Function("probe".into()), line("mov rax, [rdi]", "l"), line("js +0x8", "B")];
        assert_eq!(turn.lines, expected);
    }

    #[test]
    fn an_operation_that_is_called_once_is_shown_whole_and_long_ones_are_cut() {
        let row = "ours\tcase\t1\t1\t0\tprobe\t0\t90\tnop\tnop\t0\t0\t0\t0\t0\t0\t0\n";
        let text = format!("{}\n{}", crate::step::trace::HEADER, row.repeat(LINES_MAX + 3));
        let turn = turn(&steps(&text).expect("the trace is read"));
        assert_eq!(turn.extent, "123 instructions: a whole call");
        assert_eq!(turn.lines.last(), Some(&Line::More(3)));
    }

    #[test]
    fn another_file_is_refused_by_name_and_a_missing_one_is_none() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        assert_eq!(read(folder.path(), "case", "ours"), Ok(None));
        std::fs::write(folder.path().join("case--ours.tsv"), "what\never\n").expect("the file is written");
        let error = read(folder.path(), "case", "ours").expect_err("it is no trace");
        assert!(error.contains("case--ours.tsv") && error.contains("header"), "{error}");
        let short = format!("{}\nours\tcase\t1\n", crate::step::trace::HEADER);
        std::fs::write(folder.path().join("case--ours.tsv"), short).expect("the file is written");
        let error = read(folder.path(), "case", "ours").expect_err("a row is short");
        assert!(error.contains("line 2"), "{error}");
    }
}
