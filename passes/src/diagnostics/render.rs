//! The text of a diagnostic: where the file was included from, `file:line:column: severity: message`, the source line and a caret.

use super::{Diagnostic, Severity};
use std::fmt;

/// The text of a unit's findings, in order: a note is shown with what it belongs to, and where a file was included from is said once for
/// findings that follow each other in it.
pub fn shown(findings: &[Diagnostic], no_warnings: bool) -> String {
    let (mut text, mut is_shown, mut previous) = (String::new(), true, None);
    for finding in findings {
        is_shown = match finding.severity {
            Severity::Note => is_shown,
            severity => severity != Severity::Warning || !no_warnings,
        };
        if is_shown {
            text += &finding.text_after(previous);
            previous = Some(finding);
        }
    }
    text
}

impl Diagnostic {
    /// The text behind that of `previous`: where the file was included from is said again only if it is another file, as gcc does.
    fn text_after(&self, previous: Option<&Diagnostic>) -> String {
        let is_same = previous.is_some_and(|previous| {
            previous.place.file == self.place.file && previous.included_from == self.included_from
        });
        if is_same { Message(self).to_string() } else { self.to_string() }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (file, line)) in self.included_from.iter().enumerate() {
            let lead = if index == 0 { "In file included from" } else { "                 from" };
            let end = if index + 1 == self.included_from.len() { ":" } else { "," };
            writeln!(f, "{lead} {file}:{line}{end}")?;
        }
        Message(self).fmt(f)
    }
}

/// A diagnostic without the files that included its own.
struct Message<'d>(&'d Diagnostic);

impl fmt::Display for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Diagnostic { place, severity, message, .. } = self.0;
        // Without a file it is the program that speaks.
        f.write_str(if place.file.is_empty() { "cfront" } else { &place.file })?;
        if place.line > 0 {
            write!(f, ":{}:{}", place.line, place.column)?;
        }
        writeln!(f, ": {severity}: {message}")?;
        if place.line > 0 && !place.text.is_empty() {
            writeln!(f, "{:5} | {}", place.line, place.text)?;
            // Tabs stay tabs, so that the caret stands under its character.
            let before = place.text.char_indices().take_while(|(at, _)| *at + 1 < place.column as usize);
            let indent: String = before.map(|(_, c)| if c == '\t' { '\t' } else { ' ' }).collect();
            writeln!(f, "      | {indent}^")?;
        }
        Ok(())
    }
}
