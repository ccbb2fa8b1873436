//! Which lines of a file are not skipped by `#if`: what clang's tests say in a skipped line does not count.
//!
//! gcc's preprocessor tells, with our predefined macros and headers, so that it takes the branches that we should take.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::corpus::Ours;
use crate::tokens::gcc::Gcc;
use crate::tokens::ours::set_up_gcc;

/// gcc, set up to answer.
pub struct Active {
    gcc: Gcc,
    // Holds what `gcc` names.
    _folder: tempfile::TempDir,
}

/// What stands for line 7 is `active_line_7_`.
const MARK: &str = "active_line_";

impl Active {
    /// Writes our macros and headers for gcc.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn new() -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
        Ok(Self { gcc: set_up_gcc::<Ours>(folder.path())?, _folder: folder })
    }

    /// The lines of `text`, from 1, that the preprocessor does not skip. Costs a process if there is a conditional directive.
    pub fn lines(&self, folder: &Path, flags: &[String], text: &str) -> BTreeSet<u32> {
        let all = || (1..=text.lines().count() as u32).collect();
        if !text.lines().any(|line| directive(line).is_some_and(|rest| rest.starts_with("if"))) {
            return all();
        }
        let Some(output) = self.preprocess(folder, flags, &marked(text)) else { return all() };
        let words = output.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        let numbers = words.filter_map(|word| word.strip_prefix(MARK)?.strip_suffix('_')?.parse().ok());
        let mut lines: BTreeSet<u32> = numbers.collect();
        // The line behind the last: without it gcc did not come to the end.
        if !lines.remove(&(text.lines().count() as u32 + 1)) { all() } else { lines }
    }

    fn preprocess(&self, folder: &Path, flags: &[String], text: &str) -> Option<String> {
        let mut command = Command::new("gcc");
        command.current_dir(folder).args(["-E", "-P"]).args(self.gcc.set_up());
        command.args(flags.iter().filter(|flag| flag.starts_with("-std=") || flag.starts_with("-D")));
        command.args(["-x", "c", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().ok()?;
        let mut stdin = child.stdin.take()?;
        let text = text.to_owned();
        let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
        let output = child.wait_with_output().ok()?;
        writer.join().ok()?.ok()?;
        Some(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// What stands behind the `#` of a directive.
fn directive(line: &str) -> Option<&str> {
    Some(line.trim_start().strip_prefix('#')?.trim_start())
}

/// `text` with a mark for every line that is no directive, and one behind the last.
fn marked(text: &str) -> String {
    let mut marked = String::new();
    let mut is_continued = false;
    let mut lines = 0;
    for line in text.lines() {
        lines += 1;
        let was_continued = std::mem::replace(&mut is_continued, false);
        // An error has done its work when its line is known.
        let is_kept = was_continued
            || directive(line).is_some_and(|rest| {
                !["error", "warning", "pragma"].iter().any(|word| rest.starts_with(word))
            });
        if is_kept {
            let code = line.split("//").next().unwrap_or_default();
            let is_open = code.rfind("/*").is_some_and(|at| !code[at..].contains("*/"));
            let code = if is_open { &code[..code.rfind("/*").unwrap_or(0)] } else { code };
            is_continued = code.len() == line.len() && line.ends_with('\\');
            marked.push_str(code);
        } else {
            marked.push_str(&format!("{MARK}{lines}_"));
        }
        marked.push('\n');
    }
    marked + &format!("{MARK}{}_\n", lines + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skipped_lines_are_known() {
        let active = Active::new().expect("gcc is set up");
        let text = "int a;\n#ifdef __GNUC__ /* x\n*/\nint b;\n#else\nint c;\n#endif\n#if __STDC_VERSION__ < 199901L\nint d;\n#endif\n";
        let lines = |flags: &[&str]| -> Vec<u32> {
            let flags: Vec<String> = flags.iter().map(|flag| flag.to_string()).collect();
            active.lines(Path::new("."), &flags, text).into_iter().collect()
        };
        assert_eq!(lines(&["-std=c11"]), [1, 3, 4]);
        assert_eq!(lines(&["-std=c90"]), [1, 3, 4, 9]);
    }

    #[test]
    fn a_text_without_conditions_is_active_as_a_whole() {
        let active = Active::new().expect("gcc is set up");
        assert_eq!(active.lines(Path::new("."), &[], "a\nb\n").len(), 2);
    }
}
