//! Our preprocessor's side of the comparison.

use std::path::{Path, PathBuf};

use passes::files::Provider;
use passes::lex::TokenKind;
use passes::memory::Memory;
use passes::options::{OWN_HEADERS, Options};
use passes::oracle::{self, Spellings};
use passes::own_headers::HEADERS;
use passes::session::{Input, Session, Worker, with_worker};

use super::gcc::Gcc;
use super::split::Place;
use crate::corpus::frontend::{first_error, options};
use crate::corpus::unit::Unit;

/// Our tokens of `unit`.
///
/// # Errors
/// The first error of the unit.
pub fn preprocess<'p, M: Memory>(
    worker: &mut Worker<'_, 'p, M>,
    session: &Session<'p, M>,
    unit: &Unit,
) -> Result<Spellings, String> {
    let outcome = oracle::of_unit(worker, session, Input::File(unit.path.as_bytes()), &options(unit)?);
    match first_error(&outcome.diagnostics) {
        Some(error) => Err(error),
        None => Ok(outcome.value),
    }
}

/// Every token's spelling, in order.
pub fn spellings(tokens: &Spellings) -> Vec<&[u8]> {
    (0..tokens.len()).filter_map(|index| tokens.get(index)).collect()
}

/// Where our token number `index` of `unit` came from. Preprocesses the unit again: only asked for a unit that differs.
pub fn place<'p, M: Memory>(
    worker: &mut Worker<'_, 'p, M>,
    session: &Session<'p, M>,
    unit: &Unit,
    index: usize,
) -> Option<Place> {
    let options = options(unit).ok()?;
    let input = Input::File(unit.path.as_bytes());
    let outcome = worker.preprocess(session, input, &options, |tokens| {
        let mut before = 0;
        loop {
            let mut token = tokens.next_token();
            match token.kind {
                TokenKind::Eof => return None,
                TokenKind::FileChange => continue,
                TokenKind::Pragma => {
                    while !token.ends_line() {
                        token = tokens.next_token();
                    }
                }
                _ => {}
            }
            if before == index {
                let (file, line) = tokens.presumed_place();
                let file = String::from_utf8_lossy(file).into_owned();
                return Some(Place { file, line: u32::try_from(line).unwrap_or(0) });
            }
            before += 1;
        }
    });
    outcome.value
}

/// Writes our predefined macros and our headers below `folder`, and says how gcc is to use them.
///
/// # Errors
/// A sentence naming the file that could not be written.
pub fn set_up_gcc<M: Memory>(folder: &Path) -> Result<Gcc, String> {
    let write = |path: PathBuf, text: &[u8]| {
        let written = std::fs::write(&path, text);
        written.map_err(|error| format!("cannot write {}: {error}", path.display())).map(|()| path)
    };
    let headers = folder.join("include");
    std::fs::create_dir(&headers).map_err(|error| format!("cannot make {}: {error}", headers.display()))?;
    for (name, text) in HEADERS {
        write(headers.join(name), text.as_bytes())?;
    }
    let predefined = write(folder.join("predef.h"), &predefined_macros::<M>())?;
    let folder_of = |name: &String| if name == OWN_HEADERS { headers.clone() } else { PathBuf::from(name) };
    let options = Options::default();
    let names = options.system_directories.iter().map(|name| String::from_utf8_lossy(name).into_owned());
    let system = names.map(|name| folder_of(&name)).collect();
    Ok(Gcc { predefined, system })
}

/// `#define` lines of the macros that are there before the first line of a unit; gcc has its own `__STDC_*`.
fn predefined_macros<M: Memory>() -> Vec<u8> {
    let outcome =
        with_worker::<M, _>(&mut M::Session::default(), Provider::Texts(Vec::new()), |worker, session| {
            let input = Input::Text { name: b"<nothing>", text: b"" };
            worker.preprocess(session, input, &Options::default(), |tokens| {
                while tokens.next_token().kind != TokenKind::Eof {}
                tokens.macro_definitions()
            })
        });
    let mut text = Vec::new();
    let ours_alone = |definition: &&Vec<u8>| !definition.is_empty() && !definition.starts_with(b"__STDC_");
    for definition in outcome.value.iter().filter(ours_alone) {
        text.extend_from_slice(b"#define ");
        text.extend_from_slice(definition);
        text.push(b'\n');
    }
    text
}
