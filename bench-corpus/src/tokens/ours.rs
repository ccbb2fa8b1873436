//! Our preprocessor's side of the comparison.

use std::path::Path;

use super::gcc::Gcc;
use super::split::Place;
use crate::corpus::unit::Unit;

/// The tokens of one unit as our preprocessor spells them.
#[derive(Debug, Default)]
pub struct Tokens {
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Tokens {
    #[cfg_attr(not(test), expect(dead_code, reason = "the preprocessor of passes calls it, once built"))]
    /// Adds a token.
    pub fn push(&mut self, spelling: &[u8]) {
        self.text.extend_from_slice(spelling);
        self.ends.push(self.text.len());
    }

    /// Every token's spelling, in order.
    pub fn spellings(&self) -> Vec<&[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.text[start..*end]).collect()
    }
}

/// Our tokens of `unit`.
///
/// # Errors
/// The first diagnostic, when the unit has an error.
pub fn preprocess(_unit: &Unit) -> Result<Tokens, String> {
    Err("the preprocessor of `passes` is not built yet".into())
}

/// Where our token number `index` of `unit` came from. Preprocesses the unit again: only asked for a unit that differs.
pub fn place(_unit: &Unit, _index: usize) -> Option<Place> {
    None
}

/// Writes our predefined macros and headers below `folder`, and says how gcc is to use them.
///
/// # Errors
/// A sentence naming the file that could not be written.
pub fn set_up_gcc(_folder: &Path) -> Result<Gcc, String> {
    Err("the preprocessor of `passes` is not built yet".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_back_as_they_were_pushed() {
        let mut tokens = Tokens::default();
        for spelling in ["int", "", "x"] {
            tokens.push(spelling.as_bytes());
        }
        assert_eq!(tokens.spellings(), [b"int".as_slice(), b"", b"x"]);
    }
}
