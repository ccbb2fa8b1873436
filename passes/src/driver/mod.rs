//! `cfront`: gcc's command line for the passes.

pub mod arguments;
pub mod print;
pub mod report;

use crate::files::Provider;
use crate::lex::TokenKind;
use crate::memory::Memory;
use crate::meter;
use crate::pipeline::Workers;
use crate::preprocess::Tokens;
use crate::session::{Input, Outcome, Session};
use arguments::{Command, Invocation};
use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::sync::atomic::Ordering;

/// What `cfront` exits with: no errors.
pub const EXIT_OK: u8 = 0;
/// Errors in the input.
pub const EXIT_INPUT: u8 = 1;
/// A wrong command line.
pub const EXIT_USAGE: u8 = 2;

/// Runs `cfront` with `arguments` (without the program's name), and returns its exit status.
pub fn main<M: Memory>(arguments: impl Iterator<Item = OsString>) -> u8 {
    let arguments: Result<Vec<String>, OsString> = arguments.map(OsString::into_string).collect();
    let parsed = match arguments {
        Ok(arguments) => arguments::parse(arguments),
        Err(argument) => Err(format!("the argument {argument:?} is not UTF-8")),
    };
    let invocation = match parsed {
        Ok(Command::Run(invocation)) => *invocation,
        Ok(Command::Help) => return say(arguments::HELP),
        Ok(Command::Version) => return say(&format!("cfront {}\n", env!("CARGO_PKG_VERSION"))),
        Err(message) => {
            eprintln!("cfront: error: {message}");
            return EXIT_USAGE;
        }
    };
    match run::<M>(&invocation) {
        Ok(status) => status,
        // Whoever read the output had enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => EXIT_OK,
        Err(error) => {
            eprintln!("cfront: error: {error}");
            EXIT_INPUT
        }
    }
}

fn say(text: &str) -> u8 {
    // Nothing can be done about a closed output here.
    let _ = io::stdout().write_all(text.as_bytes());
    EXIT_OK
}

fn run<M: Memory>(invocation: &Invocation) -> io::Result<u8> {
    let mut standard_input = Vec::new();
    if invocation.files.iter().any(|file| file == "-") {
        io::stdin().lock().read_to_end(&mut standard_input)?;
    }
    let mut files = M::Session::default();
    let mut workers = Workers::<M>::new(invocation.threads.min(invocation.files.len()));
    let (outcomes, tokens_lexed) = M::pass(&mut files, meter::LEX, |pass| {
        let session = Session::<M>::new(pass, Provider::Disk);
        let outcomes = workers.run_units(pass, &session, &invocation.files, |worker, session, file| {
            let input = if file == "-" {
                Input::Text { name: b"<stdin>", text: &standard_input }
            } else {
                Input::File(file.as_bytes())
            };
            let options = &invocation.options;
            if invocation.preprocess_only {
                return worker.preprocess(session, input, options, |tokens| output(invocation, tokens));
            }
            let checked = worker.check(session, input, options, invocation.trees);
            Outcome { value: Vec::new(), diagnostics: checked.diagnostics, usage: checked.usage }
        });
        (outcomes, session.files.tokens.load(Ordering::Relaxed))
    });
    let failed = outcomes.iter().any(|outcome| outcome.diagnostics.has_errors());
    write_outcomes(invocation, &outcomes)?;
    if let Some(format) = invocation.memory_report {
        let tokens_delivered = outcomes.iter().map(|outcome| outcome.usage.tokens).sum();
        let lex = M::take_accounts(&mut files).into_iter().next().unwrap_or_default();
        let mut rows = vec![(lex, tokens_lexed)];
        rows.extend(workers.take_accounts().map(|account| (account, tokens_delivered)));
        let report = report::MemoryReport::new(M::NAME, rows);
        let text = if format == arguments::ReportFormat::Json { report.json() } else { report.table() };
        io::stderr().write_all(text.as_bytes())?;
    }
    Ok(if failed { EXIT_INPUT } else { EXIT_OK })
}

/// What `invocation` wants printed of a unit.
fn output<M: Memory>(invocation: &Invocation, tokens: &mut Tokens<'_, '_, M>) -> Vec<u8> {
    let mut output = Vec::new();
    if invocation.preprocess_only && !invocation.macros_only {
        print::tokens(tokens, invocation.line_markers, &mut output);
        return output;
    }
    while tokens.next_token().kind != TokenKind::Eof {}
    if invocation.macros_only {
        print::macros(tokens, &mut output);
    }
    output
}

fn write_outcomes(invocation: &Invocation, outcomes: &[Outcome<Vec<u8>>]) -> io::Result<()> {
    let mut messages = String::new();
    for outcome in outcomes {
        let mut is_shown = true;
        for diagnostic in outcome.diagnostics.as_slice() {
            let is_warning = diagnostic.severity == crate::diagnostics::Severity::Warning;
            let is_note = diagnostic.severity == crate::diagnostics::Severity::Note;
            is_shown = if is_note { is_shown } else { !(is_warning && invocation.no_warnings) };
            if is_shown {
                messages.push_str(&diagnostic.to_string());
            }
        }
    }
    io::stderr().write_all(messages.as_bytes())?;
    match &invocation.output {
        // A check has no output: nothing that a build could take for an object file is made.
        _ if !invocation.preprocess_only => Ok(()),
        Some(path) if path != "-" => {
            let written = std::fs::File::create(path)
                .and_then(|mut file| outcomes.iter().try_for_each(|outcome| file.write_all(&outcome.value)));
            written.map_err(|error| io::Error::new(error.kind(), format!("{path}: {error}")))
        }
        _ => {
            let mut out = io::stdout().lock();
            outcomes.iter().try_for_each(|outcome| out.write_all(&outcome.value))?;
            out.flush()
        }
    }
}
