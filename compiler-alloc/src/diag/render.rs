//! The text of diagnostics, and of the page that explains them. Everything is written to a [`fmt::Write`]; nothing allocates.

use core::fmt::{self, Write};

use super::Diagnostic;
use super::codes::ENTRIES;
use crate::fault::Fact;

impl fmt::Display for Diagnostic {
    /// Code, profile and subject; one fact a line; then meaning and remedy.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        lines(self, f, "\n  ")
    }
}

/// A diagnostic whose lines are joined by ` / `.
#[derive(Clone, Copy, Debug)]
pub struct OneLine<'d>(pub(super) &'d Diagnostic);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        lines(self.0, f, " / ")
    }
}

fn lines(diagnostic: &Diagnostic, f: &mut fmt::Formatter<'_>, joint: &str) -> fmt::Result {
    write!(f, "{} [{}] {}", diagnostic.code().name(), diagnostic.profile(), diagnostic.subject())?;
    for Fact { name, value } in diagnostic.facts() {
        write!(f, "{joint}{}: {value}", name.text())?;
        let unit = name.unit().suffix();
        if !unit.is_empty() {
            write!(f, " {unit}")?;
        }
    }
    write!(f, "{joint}meaning: {}{joint}remedy: {}", diagnostic.meaning(), diagnostic.remedy())
}

/// Writes the reference page `docs/diagnostics.md`.
///
/// # Errors
/// What `out` answers.
pub fn write_page(out: &mut impl Write) -> fmt::Result {
    out.write_str(
        "# Diagnostics\n\n\
         The stable codes. A code keeps its meaning for as long as the project lives; the texts may become clearer. Each carries\n\
         facts with units, is raised without allocating, and one failure raises exactly one.\n\n\
         Written from `compiler-alloc/src/diag/codes.rs` by `UPDATE_DOCS=1 cargo test -p compiler-alloc --features test-fixture --test diagnostics`.\n",
    )?;
    for entry in &ENTRIES {
        write!(out, "\n## {}\n\n{}\n\n", entry.code.name(), entry.meaning)?;
        write!(out, "- **Cause**: {}\n- **Remedy**: {}\n- **Facts**: ", entry.cause, entry.remedy)?;
        if entry.facts.is_empty() {
            out.write_str("none beyond its subject")?;
        }
        for (index, fact) in entry.facts.iter().enumerate() {
            write!(out, "{}`{}`", if index == 0 { "" } else { ", " }, fact.text())?;
            let unit = fact.unit().suffix();
            if !unit.is_empty() {
                write!(out, " in {unit}")?;
            }
        }
        write!(out, "\n- **Example**: {}\n", entry.example)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{FactName, Fault, FaultCode};

    struct Fixed {
        bytes: [u8; 512],
        len: usize,
    }

    impl Write for Fixed {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            let end = self.len + text.len();
            self.bytes.get_mut(self.len..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
            self.len = end;
            Ok(())
        }
    }

    #[test]
    fn a_fixed_buffer_is_enough_to_render() {
        let fault = Fault::new(FaultCode::ShutdownLeak, "span backend")
            .with(FactName::Live, 65536)
            .with(FactName::Units, 1);
        let mut out = Fixed { bytes: [0; 512], len: 0 };
        write!(out, "{}", Diagnostic::new(fault, "compiler-internal").on_one_line()).expect("the text fits");
        let text = core::str::from_utf8(&out.bytes[..out.len]).expect("the text is UTF-8");
        let start = "ALLOCATOR_SHUTDOWN_LEAK [compiler-internal] span backend / live: 65536 bytes / units: 1 / meaning: ";
        assert!(text.starts_with(start), "{text}");
    }
}
