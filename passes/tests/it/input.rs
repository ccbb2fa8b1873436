//! What several modules need to run a unit.

use passes::diagnostics::Diagnostics;
use passes::files::Provider;
use passes::memory::Memory;
use passes::memory::arenas::ArenaMemory;
use passes::options::Options;
use passes::session::{Input, with_worker};
use std::path::{Path, PathBuf};

/// The folder of test inputs called `name`.
pub fn data_folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// The C files in the folder called `name`, in order.
pub fn data_files(name: &str) -> Vec<String> {
    let folder = std::fs::read_dir(data_folder(name)).expect("the folder of test inputs is there");
    let names = folder.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".c")).collect();
    names.sort();
    assert!(!names.is_empty(), "no test inputs in {name}");
    names
}

/// Options for files in `folder`.
pub fn options_for(folder: &Path) -> Options {
    Options {
        directory: folder.to_str().expect("a path in UTF-8").as_bytes().to_vec(),
        time: 1_000_000_000,
        ..Options::default()
    }
}

/// The printed tokens of `text` on their own, with what was found.
pub fn preprocess(text: &str, options: &Options) -> (String, Diagnostics) {
    preprocess_with::<ArenaMemory>(
        Input::Text { name: b"test.c", text: text.as_bytes() },
        options,
        Provider::Disk,
    )
}

/// The same over any memory, from any input.
pub fn preprocess_with<M: Memory>(
    input: Input<'_>,
    options: &Options,
    files: Provider,
) -> (String, Diagnostics) {
    let mut memory = M::Session::default();
    let outcome = with_worker::<M, _>(&mut memory, files, |worker, session| {
        worker.preprocess(session, input, options, |tokens| {
            let mut output = Vec::new();
            passes::driver::print::tokens(tokens, false, &mut output);
            output
        })
    });
    (String::from_utf8_lossy(&outcome.value).into_owned(), outcome.diagnostics)
}

/// Compares `actual` with the file `expected`, or writes it if `UPDATE_EXPECTED` is set.
pub fn check_expected(expected: &Path, actual: &str) {
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::write(expected, actual).expect("the expected file can be written");
        return;
    }
    let text = std::fs::read_to_string(expected).unwrap_or_default();
    assert!(
        text == actual,
        "{} differs; UPDATE_EXPECTED=1 rewrites it\n--- expected\n{text}\n--- actual\n{actual}",
        expected.display()
    );
}
