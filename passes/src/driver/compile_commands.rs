//! `compile_commands.json`: what a build system says it would compile, and how; CMake writes it with `CMAKE_EXPORT_COMPILE_COMMANDS`.
//!
//! The format is that of clang's JSON compilation database: a list of objects with `directory`, `file` and either `arguments`, a list, or
//! `command`, a line as a shell would read it.

use super::arguments;
use crate::options::{Options, now};
use crate::preprocess::limits::Limits;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

/// The name of the file in a build's directory.
pub const FILE_NAME: &str = "compile_commands.json";

/// What a list of commands says, for a C compiler.
#[derive(Debug, Default)]
pub struct Database {
    /// The file that was read.
    pub path: PathBuf,
    /// What to check, in the order of the list; a file stands here as often as it is compiled in different ways.
    pub units: Vec<Unit>,
    /// Files of other languages, and which.
    pub skipped: Vec<(String, &'static str)>,
    /// Entries that said nothing new.
    pub duplicates: usize,
    /// Entries that could not be used, a sentence each with the entry's number.
    pub failures: Vec<String>,
    /// Options that ask for what is not done, and how many entries have each.
    pub unheeded_options: BTreeMap<String, usize>,
}

/// A unit of a build.
#[derive(Debug, PartialEq, Eq)]
pub struct Unit {
    /// The file as the command spells it, relative to the options' directory or absolute.
    pub file: String,
    /// Where it is.
    pub path: PathBuf,
    /// How it is compiled.
    pub options: Options,
    /// The length of the file.
    pub file_bytes: u64,
}

/// An object of the list.
#[derive(Deserialize)]
struct Entry {
    directory: PathBuf,
    file: String,
    command: Option<String>,
    arguments: Option<Vec<String>>,
}

/// What an entry is about.
enum Content {
    /// C, and the options that were not understood.
    Unit(Box<Unit>, Vec<String>),
    /// The file, and the language.
    Other(String, &'static str),
}

/// A path, and the same with nothing symbolic in it if there is such a file.
type Named = (PathBuf, Option<PathBuf>);

impl Database {
    /// Reads the list of commands at `path`, or in the directory `path`. The options of all units have the same time.
    ///
    /// # Errors
    /// A sentence if there is no such file, or if it is no list.
    pub fn read(path: &Path) -> Result<Self, String> {
        let path = if path.is_dir() { path.join(FILE_NAME) } else { path.to_owned() };
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Self::parse(&path, &text)
    }

    /// As [`read`](Self::read), of a list that was read from `path` already.
    ///
    /// # Errors
    /// A sentence if it is no list.
    pub fn parse(path: &Path, text: &str) -> Result<Self, String> {
        let shown = path.display();
        let entries: Vec<serde_json::Value> = serde_json::from_str(text)
            .map_err(|error| format!("{shown}: not a list of commands: {error}"))?;
        // What relative directories start from, if there are any.
        let folder = std::path::absolute(path).map_err(|error| format!("{shown}: {error}"))?;
        let folder = folder.parent().unwrap_or(Path::new("/"));
        let time = now();
        let mut database = Self { path: path.to_owned(), ..Self::default() };
        let mut known = HashMap::new();
        for (index, value) in entries.into_iter().enumerate() {
            let entry = Entry::deserialize(value).map_err(|error| error.to_string());
            match entry.and_then(|entry| entry.content(folder, time)) {
                Ok(Content::Unit(unit, unknown)) => database.add(*unit, unknown, &mut known),
                Ok(Content::Other(file, language)) => database.skipped.push((file, language)),
                Err(reason) => database.failures.push(format!("{shown}: entry {}: {reason}", index + 1)),
            }
        }
        Ok(database)
    }

    /// Adds `unit`, unless there is the same; `known` are the units of each path.
    fn add(&mut self, unit: Unit, unknown: Vec<String>, known: &mut HashMap<PathBuf, Vec<usize>>) {
        let same_file = known.entry(unit.path.clone()).or_default();
        if same_file.iter().any(|&index| self.units[index].options == unit.options) {
            self.duplicates += 1;
            return;
        }
        same_file.push(self.units.len());
        self.units.push(unit);
        for option in unknown {
            *self.unheeded_options.entry(option).or_default() += 1;
        }
    }

    /// Keeps only the units of `files`, which are paths as the calling process sees them. What is said of other entries is forgotten.
    ///
    /// # Errors
    /// A sentence that names the first file that no entry compiles.
    pub fn keep_files(&mut self, files: &[String]) -> Result<(), String> {
        let named = |path: &Path| (path.to_owned(), path.canonicalize().ok());
        let same = |one: &Named, other: &Named| match (&one.1, &other.1) {
            (Some(one), Some(other)) => one == other,
            _ => one.0 == other.0,
        };
        let units: Vec<Named> = self.units.iter().map(|unit| named(&unit.path)).collect();
        let wanted: Vec<Named> = files.iter().map(|file| named(Path::new(file))).collect();
        if let Some(index) = wanted.iter().position(|file| !units.iter().any(|unit| same(unit, file))) {
            return Err(format!("{}: no entry compiles {} as C", self.path.display(), files[index]));
        }
        let mut is_wanted = units.iter().map(|unit| wanted.iter().any(|file| same(unit, file)));
        self.units.retain(|_| is_wanted.next().unwrap_or(false));
        self.skipped.clear();
        self.failures.clear();
        Ok(())
    }
}

impl Entry {
    /// What the entry says; relative directories start from `folder`.
    fn content(self, folder: &Path, time: u64) -> Result<Content, String> {
        let directory = folder.join(&self.directory);
        if !directory.is_dir() {
            return Err(format!("no such directory: {}", directory.display()));
        }
        let path = directory.join(&self.file);
        let words = match (self.arguments, self.command) {
            (Some(arguments), _) => arguments,
            (None, Some(command)) => split_command(&command),
            (None, None) => return Err(format!("{}: neither arguments nor a command", self.file)),
        };
        let language = language(&words, &path);
        if let Language::Other(name) = language {
            return Ok(Content::Other(self.file, name));
        }
        let file_bytes = match path.metadata() {
            Ok(metadata) if metadata.is_file() => metadata.len(),
            Ok(_) => return Err(format!("not a file: {}", path.display())),
            Err(error) => return Err(format!("{}: {error}", path.display())),
        };
        let arguments = words.into_iter().skip(1).collect();
        let invocation = arguments::parse_of_build(&directory, arguments)
            .map_err(|error| format!("{}: {error}", self.file))?;
        let mut options = Options { time, errors_max: None, limits: Limits::default(), ..invocation.options };
        options.preprocessed |= language == Language::PreprocessedC;
        // A compiler is told the file's name as it likes to show it.
        let spelled = invocation.files.last().filter(|spelled| directory.join(spelled) == path);
        let file = spelled.cloned().unwrap_or(self.file);
        let unit = Unit { file, path, options, file_bytes };
        Ok(Content::Unit(Box::new(unit), invocation.unheeded))
    }
}

/// What a file is written in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Language {
    C,
    PreprocessedC,
    Other(&'static str),
}

/// What the last `-x` before the file says, or else the file's name.
fn language(words: &[String], path: &Path) -> Language {
    let mut said = None;
    for (index, word) in words.iter().enumerate() {
        let Some(rest) = word.strip_prefix("-x") else { continue };
        let name = if rest.is_empty() { words.get(index + 1).map_or("", String::as_str) } else { rest };
        said = Some(match name {
            "c" => Language::C,
            "cpp-output" => Language::PreprocessedC,
            "none" => of_name(path),
            "c++" => Language::Other("C++"),
            "objective-c" | "objective-c++" => Language::Other("Objective-C"),
            "assembler" | "assembler-with-cpp" => Language::Other("assembler"),
            "cuda" => Language::Other("CUDA"),
            _ => Language::Other("not C, as its command says"),
        });
    }
    said.unwrap_or_else(|| of_name(path))
}

fn of_name(path: &Path) -> Language {
    match path.extension().and_then(|extension| extension.to_str()).unwrap_or("") {
        "c" => Language::C,
        "i" => Language::PreprocessedC,
        "cc" | "cp" | "cxx" | "cpp" | "CPP" | "c++" | "C" | "ii" | "cppm" | "ixx" => Language::Other("C++"),
        "m" | "mi" | "mm" | "M" | "mii" => Language::Other("Objective-C"),
        "s" | "S" | "sx" | "asm" => Language::Other("assembler"),
        "cu" => Language::Other("CUDA"),
        "f" | "for" | "ftn" | "F" | "f90" | "f95" | "f03" | "f08" | "F90" => Language::Other("Fortran"),
        _ => Language::Other("not C, by its name"),
    }
}

/// Splits a line as a shell does: white space parts words; single quotes keep everything, double quotes everything but a backslash before
/// `$`, a back quote, `"`, a backslash or the end of a line.
fn split_command(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_ascii_whitespace() => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                word.extend(chars.by_ref().take_while(|&c| c != '\''));
            }
            '"' => {
                let word = word.get_or_insert_default();
                while let Some(c) = chars.next().filter(|&c| c != '"') {
                    let escapes = c == '\\' && chars.peek().is_some_and(|next| "$`\"\\\n".contains(*next));
                    match if escapes { chars.next() } else { Some(c) } {
                        Some('\n') if escapes => {}
                        Some(c) => word.push(c),
                        None => {}
                    }
                }
            }
            '\\' => match chars.next() {
                Some('\n') | None => {}
                Some(c) => word.get_or_insert_default().push(c),
            },
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::{Language, language, split_command};
    use std::path::Path;

    #[test]
    fn a_command_is_split_as_a_shell_splits_it() {
        let check = |line: &str, words: &[&str]| assert_eq!(split_command(line), words, "{line}");
        check("cc  -c a.c\n", &["cc", "-c", "a.c"]);
        check(r#"cc -DA=\"x\ y\" 'b c' "d\"e" "f\g""#, &["cc", r#"-DA="x y""#, "b c", r#"d"e"#, r"f\g"]);
        check(r#"cc -D'S="a\b"' '' "$x""#, &["cc", r#"-DS="a\b""#, "", "$x"]);
        check("cc \"a\\\nb\" c\\\nd 'open", &["cc", "ab", "cd", "open"]);
    }

    #[test]
    fn an_option_says_the_language_before_the_name_does() {
        let check = |words: &[&str], path: &str, expected: Language| {
            let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
            assert_eq!(language(&words, Path::new(path)), expected, "{words:?} {path}");
        };
        check(&["cc", "-c"], "a.c", Language::C);
        check(&["cc", "-c"], "a.i", Language::PreprocessedC);
        check(&["c++", "-c"], "a.cpp", Language::Other("C++"));
        check(&["cc", "-x", "c"], "a.inc", Language::C);
        check(&["cc", "-xc++"], "a.c", Language::Other("C++"));
        check(&["cc", "-xc++", "-x", "none"], "a.c", Language::C);
        check(&["cc"], "README", Language::Other("not C, by its name"));
    }
}
