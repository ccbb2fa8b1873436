//! Entity ids: 32-bit newtypes.

/// A spelling: an identifier or literal in the session's [`Interner`](crate::intern::Interner), or, with the highest bit set, a text
/// of the unit that is being preprocessed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct Symbol(pub u32);

/// Set in a [`Symbol`] that names a text of the unit.
pub const UNIT_TEXT_BIT: u32 = 1 << 31;

impl Symbol {
    /// The empty spelling.
    pub const EMPTY: Symbol = Symbol(0);

    /// The symbol of the unit's text number `index`.
    #[inline]
    pub fn of_unit_text(index: u32) -> Self {
        Symbol(index | UNIT_TEXT_BIT)
    }

    /// The number of the unit's text, if it is one.
    #[inline]
    pub fn unit_text(self) -> Option<u32> {
        if self.0 & UNIT_TEXT_BIT != 0 { Some(self.0 & !UNIT_TEXT_BIT) } else { None }
    }
}
