//! Units of the corpus with one token changed: gcc and clang say whether the result is C, and where both agree so must we.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bench_measured::rng::Rng;
use passes::lex::LexMode;
use passes::lex::scan::scan;
use rayon::prelude::*;

use super::case::Answer;
use super::compiler::Compiler;
use crate::cli;
use crate::corpus::unit::Unit;

/// Preprocessed lines of a unit that is changed; larger ones take the peers too long.
const LINES_MAX: u64 = 12_000;

/// A changed unit.
struct Mutant {
    unit: usize,
    /// What was changed, for a reader.
    change: String,
    text: Vec<u8>,
}

/// What a run of mutants showed.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Mutants made.
    pub mutants: usize,
    /// Those of which gcc and clang say the same.
    pub agreed: usize,
    /// Those of these that both refuse.
    pub refused: usize,
    /// Those of which we say the same as both.
    pub right: usize,
    /// What we said otherwise, or did not answer.
    pub failures: Vec<String>,
    /// Whether a call of ours broke.
    pub broken: usize,
}

/// Changes `count` units from `seed` on and asks all three compilers. The changed files are put below `folder`.
///
/// # Errors
/// A unit cannot be read, or a compiler cannot be started.
pub fn run(
    units: &[Unit],
    count: usize,
    seed: u64,
    folder: &Path,
    ours: &Compiler,
) -> Result<Outcome, String> {
    let small: Vec<&Unit> = units.iter().filter(|unit| unit.pp_lines <= LINES_MAX).collect();
    if small.is_empty() {
        return Err("no unit is small enough to be changed".into());
    }
    let mut rng = Rng::new(seed);
    let mut texts: BTreeMap<usize, Vec<u8>> = BTreeMap::new();
    let mut mutants = Vec::new();
    while mutants.len() < count {
        let unit = rng.below(small.len());
        let path = small[unit].root.join(&small[unit].path);
        let text = match texts.entry(unit) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                let text = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
                entry.insert(text)
            }
        };
        if let Some((text, change)) = change(text, &mut rng) {
            mutants.push(Mutant { unit, change, text });
        }
    }
    let bar = cli::progress_bar(mutants.len());
    let answers: Result<Vec<_>, String> = mutants
        .par_iter()
        .enumerate()
        .map(|(number, mutant)| {
            let answers = ask(small[mutant.unit], mutant, number, folder, ours);
            bar.inc(1);
            answers
        })
        .collect();
    bar.finish_and_clear();
    let mut outcome = Outcome { mutants: mutants.len(), ..Outcome::default() };
    for (mutant, (ours, gcc, clang, message)) in mutants.iter().zip(answers?) {
        let unit = small[mutant.unit].name();
        let Some(accepted) = ours else {
            outcome.broken += 1;
            outcome.failures.push(format!("broke         {unit}: {}\n    {message}", mutant.change));
            continue;
        };
        if gcc != clang {
            continue;
        }
        outcome.agreed += 1;
        outcome.refused += usize::from(!gcc);
        if accepted == gcc {
            outcome.right += 1;
        } else {
            let word = if accepted { "false-accept" } else { "false-reject" };
            outcome.failures.push(format!("{word}  {unit}: {}\n    {message}", mutant.change));
        }
    }
    Ok(outcome)
}

/// Whether ours (if it answered), gcc and clang accept the mutant, and the first message of who refuses it.
fn ask(
    unit: &Unit,
    mutant: &Mutant,
    number: usize,
    folder: &Path,
    ours: &Compiler,
) -> Result<(Option<bool>, bool, bool, String), String> {
    let own: PathBuf = folder.join(number.to_string());
    std::fs::create_dir_all(&own).map_err(|error| format!("{}: {error}", own.display()))?;
    let name = Path::new(&unit.path).file_name().unwrap_or_default();
    let file = own.join(name);
    std::fs::write(&file, &mutant.text).map_err(|error| format!("{}: {error}", file.display()))?;
    let beside = Path::new(&unit.path).parent().unwrap_or(Path::new("."));
    let beside = unit.root.join(beside);
    let mut flags = unit.flags.clone();
    // Headers beside the file are found first, as if the file still lay there.
    flags.splice(0..0, [String::from("-iquote"), beside.display().to_string(), String::from("-w")]);
    let file = file.display().to_string();
    let check = |compiler: &Compiler| compiler.check(&unit.root, &flags, &file);
    let (ours, our_words) = check(ours)?;
    let accepts = |answer: &Answer| matches!(answer, Answer::Errors(lines) if lines.is_empty());
    let (gcc, gcc_words) = check(&Compiler::peer("gcc"))?;
    let (clang, _) = check(&Compiler::peer("clang"))?;
    let first = |words: &str| words.lines().find(|line| line.contains("error: ")).unwrap_or("").to_owned();
    let (ours, message) = match ours {
        Answer::Broke(how) => (None, how),
        answer => {
            let accepted = accepts(&answer);
            (Some(accepted), first(if accepted { &gcc_words } else { &our_words }))
        }
    };
    let _ = std::fs::remove_dir_all(&own);
    Ok((ours, accepts(&gcc), accepts(&clang), message))
}

/// `text` with one token deleted, doubled, exchanged with the next or replaced by another of the file; nothing if the place drawn is in a
/// directive.
fn change(text: &[u8], rng: &mut Rng) -> Option<(Vec<u8>, String)> {
    let tokens = tokens(text);
    if tokens.len() < 4 {
        return None;
    }
    let at = rng.below(tokens.len() - 1);
    let other = rng.below(tokens.len());
    let (start, end) = tokens[at];
    let word = |(start, end): (usize, usize)| String::from_utf8_lossy(&text[start..end]).into_owned();
    let line = 1 + memchr_count(&text[..start]);
    let (replacement, until, what) = match rng.below(4) {
        0 => (Vec::new(), end, format!("line {line}: deleted {}", word(tokens[at]))),
        1 => (
            [&text[start..end], b" ", &text[start..end]].concat(),
            end,
            format!("line {line}: doubled {}", word(tokens[at])),
        ),
        2 => {
            let (next_start, next_end) = tokens[at + 1];
            let between = &text[end..next_start];
            if between.contains(&b'\n') {
                return None;
            }
            let swapped = [&text[next_start..next_end], b" ", &text[start..end]].concat();
            (
                swapped,
                next_end,
                format!("line {line}: exchanged {} and {}", word(tokens[at]), word(tokens[at + 1])),
            )
        }
        _ => {
            let (from, to) = tokens[other];
            if text[from..to] == text[start..end] {
                return None;
            }
            let what = format!("line {line}: {} in place of {}", word(tokens[other]), word(tokens[at]));
            (text[from..to].to_vec(), end, what)
        }
    };
    Some(([&text[..start], b" ", &replacement, b" ", &text[until..]].concat(), what))
}

fn memchr_count(text: &[u8]) -> usize {
    text.iter().filter(|&&byte| byte == b'\n').count()
}

/// Where the tokens outside of directives and comments are.
fn tokens(text: &[u8]) -> Vec<(usize, usize)> {
    let (mut tokens, mut at, mut is_line_start) = (Vec::new(), 0, true);
    while at < text.len() {
        let rest = &text[at..];
        let len = match rest[0] {
            b'\n' => {
                is_line_start = true;
                at += 1;
                continue;
            }
            byte if byte.is_ascii_whitespace() || byte == b'\\' => {
                at += 1;
                continue;
            }
            b'/' if rest.starts_with(b"//") => {
                at += rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
                continue;
            }
            b'/' if rest.starts_with(b"/*") => {
                at += comment_len(rest);
                continue;
            }
            b'#' if is_line_start => {
                at += directive_len(rest);
                continue;
            }
            byte if byte.is_ascii_alphanumeric() || byte == b'_' => rest
                .iter()
                .take_while(|byte| {
                    byte.is_ascii_alphanumeric()
                        || **byte == b'_'
                        || **byte == b'.' && rest[0].is_ascii_digit()
                })
                .count(),
            quote @ (b'"' | b'\'') => quoted_len(rest, quote),
            _ => punctuator_len(rest),
        };
        is_line_start = false;
        tokens.push((at, at + len));
        at += len;
    }
    tokens
}

/// How long the punctuator at the start of `text` is; 1 for anything else.
fn punctuator_len(text: &[u8]) -> usize {
    // More than the longest has, and behind it what the lexer wants behind a text.
    let mut window = [0; 16];
    let len = text.len().min(8);
    window[..len].copy_from_slice(&text[..len]);
    window[len] = b'\n';
    let scanned = scan(&window, 0, LexMode::default());
    if scanned.kind.is_punctuator() { scanned.end } else { 1 }
}

fn directive_len(text: &[u8]) -> usize {
    let mut at = 0;
    while at < text.len() && text[at] != b'\n' {
        if text[at..].starts_with(b"/*") {
            at += comment_len(&text[at..]);
            continue;
        }
        at += if text[at] == b'\\' { 2 } else { 1 };
    }
    at.min(text.len())
}

/// Of the comment that `text` begins with, or of all of it if that does not end.
fn comment_len(text: &[u8]) -> usize {
    text.windows(2).skip(2).position(|pair| pair == b"*/").map_or(text.len(), |len| len + 4)
}

fn quoted_len(text: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < text.len() && text[at] != quote && text[at] != b'\n' {
        at += if text[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_lie_outside_of_directives_and_comments() {
        let text = b"#define A \\\n 1\nint /* x */ a = '\\''; // y\n# if 1 /* z\n z */\nb->c<<=1.5;\n";
        let words: Vec<&str> = tokens(text)
            .iter()
            .map(|&(start, end)| std::str::from_utf8(&text[start..end]).expect("ASCII"))
            .collect();
        assert_eq!(words, ["int", "a", "=", "'\\''", ";", "b", "->", "c", "<<=", "1.5", ";"]);
    }

    #[test]
    fn a_seed_gives_the_same_changes() {
        let text = b"int a = 1, b = 2;\nint f(int c) { return a + b * c; }\n";
        let changes = |seed| {
            let mut rng = Rng::new(seed);
            (0..20).filter_map(|_| change(text, &mut rng)).map(|(_, what)| what).collect::<Vec<_>>()
        };
        assert_eq!(changes(1), changes(1));
        assert_ne!(changes(1), changes(2));
        assert!(changes(1).len() > 10);
    }
}
