//! What a unit may use before it is refused. Every limit is a fatal error of the unit, tested in `tests/it/limits.rs`.

/// Limits of a unit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Files open at once through `#include`.
    pub include_depth_max: u32,
    /// Macro calls inside arguments of macro calls.
    pub macro_depth_max: u32,
    /// Parentheses and operators waiting in a `#if` expression.
    pub expression_depth_max: u32,
    /// Tokens read by one expansion at the top level, those of intermediate lists included.
    pub expansion_tokens_max: u64,
    /// Tokens read by all expansions of the unit together.
    pub unit_expansion_tokens_max: u64,
    /// Bytes of the spellings that `#`, `##` and the like make for the unit.
    pub unit_spelling_bytes_max: u64,
    /// Tokens of the preprocessed unit.
    pub unit_tokens_max: u64,
    /// Bytes of text read by the unit, files read again counted again.
    pub unit_bytes_max: u64,
    /// Bytes of the preprocessed unit as text.
    pub output_bytes_max: u64,
    /// Errors that are kept; those that follow are found and forgotten.
    pub errors_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            include_depth_max: 200,
            macro_depth_max: 400,
            expression_depth_max: 256,
            expansion_tokens_max: 16 << 20,
            unit_expansion_tokens_max: 2 << 30,
            unit_spelling_bytes_max: 64 << 20,
            unit_tokens_max: 256 << 20,
            unit_bytes_max: 1 << 30,
            output_bytes_max: 2 << 30,
            errors_max: crate::diagnostics::ERRORS_MAX,
        }
    }
}
