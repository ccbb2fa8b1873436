//! tcc's tests2: programs that must be accepted.
//!
//! A file is a case if it has a `.expect` file and is one program: those that hold several, chosen by macros, are left out.

use std::path::Path;

use super::case::{Case, Expected};
use super::suite::{Choice, file_of, folder_of, name_of};

/// The case of a file with `text`.
pub fn cases(path: &Path, text: &str) -> Choice {
    if !path.with_extension("expect").is_file() {
        return Err("is part of another program".into());
    }
    if text.contains("defined test_") || text.contains("ifdef test_") {
        return Err("holds several programs".into());
    }
    let flags = vec![String::from("-std=gnu17")];
    let expected = Expected::accepted();
    Ok(vec![Case { name: name_of(path), folder: folder_of(path), file: file_of(path), flags, expected }])
}
