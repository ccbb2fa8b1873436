//! What a unit may ask of the parser before it is refused.

/// Limits of a unit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Parentheses, operators, blocks, declarators and lists open within each other.
    pub nesting_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { nesting_max: 512 }
    }
}
