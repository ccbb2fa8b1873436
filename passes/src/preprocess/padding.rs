//! White space around expansions, exactly as the `#` operator must see it.
//!
//! Whether a token counts as preceded by white space is decided by a *source*: nothing yet, a bare one (a name or
//! parameter without white space before it), or a white one. Entering an expansion names a source, leaving one forgets
//! a bare source; a white one stays. A [`Padding`] is what a run of such events does to every possible
//! source, so runs are composed instead of being kept as tokens, and a token carries the two answers it may
//! be asked for in its flags.

use crate::lex::{Token, flag};

#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Source {
    Nothing = 0,
    Bare = 1,
    White = 2,
}

/// The effect of a run of entered and left expansions; a white source is never changed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Padding {
    from_nothing: Source,
    from_bare: Source,
}

impl Padding {
    /// No event.
    pub const NONE: Padding = Padding { from_nothing: Source::Nothing, from_bare: Source::Bare };
    /// One expansion left.
    pub const LEFT: Padding = Padding { from_nothing: Source::Nothing, from_bare: Source::Nothing };

    /// Then an expansion is left.
    #[inline]
    pub fn leave(self) -> Self {
        let step = |source| if source == Source::White { Source::White } else { Source::Nothing };
        Padding { from_nothing: step(self.from_nothing), from_bare: step(self.from_bare) }
    }

    /// Then `name` is replaced by what comes next.
    #[inline]
    pub fn enter(self, name: &Token) -> Self {
        let step = |source| match source {
            Source::Nothing if name.has(flag::WHITE) => Source::White,
            Source::Bare if name.has(flag::WHITE_AFTER_BARE) => Source::White,
            Source::White => Source::White,
            _ => Source::Bare,
        };
        Padding { from_nothing: step(self.from_nothing), from_bare: step(self.from_bare) }
    }

    /// Then the events of `next`.
    pub fn then(self, next: Padding) -> Self {
        let step = |source| match source {
            Source::Nothing => next.from_nothing,
            Source::Bare => next.from_bare,
            Source::White => Source::White,
        };
        Padding { from_nothing: step(self.from_nothing), from_bare: step(self.from_bare) }
    }

    /// Writes the answers for `token`, which comes next, into its flags.
    #[inline]
    pub fn apply(self, token: &mut Token) {
        if self == Self::NONE {
            return;
        }
        let white = |source| match source {
            Source::Nothing => token.has(flag::WHITE),
            Source::Bare => token.has(flag::WHITE_AFTER_BARE),
            Source::White => true,
        };
        let (after_nothing, after_bare) = (white(self.from_nothing), white(self.from_bare));
        token.flags &= !(flag::WHITE | flag::WHITE_AFTER_BARE);
        token.flags |= if after_nothing { flag::WHITE } else { 0 };
        token.flags |= if after_bare { flag::WHITE_AFTER_BARE } else { 0 };
    }

    /// As a number, for a padding token.
    pub fn code(self) -> u32 {
        self.from_nothing as u32 | (self.from_bare as u32) << 2
    }

    /// From [`Padding::code`].
    pub fn from_code(code: u32) -> Self {
        let source = |bits| match bits & 3 {
            0 => Source::Nothing,
            1 => Source::Bare,
            _ => Source::White,
        };
        Padding { from_nothing: source(code), from_bare: source(code >> 2) }
    }
}

#[cfg(test)]
mod tests {
    use super::Padding;
    use crate::lex::{Token, TokenKind, flag};
    use crate::source::Pos;

    #[test]
    fn composing_runs_is_applying_them_one_after_the_other() {
        let name = |flags| Token::of(TokenKind::Identifier, flags, Pos(0));
        let events: [fn(Padding, &Token) -> Padding; 2] = [|p, t| p.enter(t), |p, _| p.leave()];
        for first in 0..2 {
            for second in 0..2 {
                for flags in 0..4 {
                    let token = name(flags);
                    let a = events[first](Padding::NONE, &token);
                    let b = events[second](Padding::NONE, &token);
                    let both = events[second](events[first](Padding::NONE, &token), &token);
                    assert!(a.then(b) == both);
                    assert!(Padding::from_code(both.code()) == both);
                    for own in 0..4 {
                        let (mut once, mut twice) = (name(own), name(own));
                        both.apply(&mut once);
                        b.apply(&mut twice);
                        a.apply(&mut twice);
                        assert_eq!(once, twice);
                    }
                }
            }
        }
    }

    #[test]
    fn a_white_source_outlives_everything() {
        let white = Token::of(TokenKind::Identifier, flag::WHITE, Pos(0));
        let mut next = Token::of(TokenKind::Number, 0, Pos(0));
        Padding::NONE.enter(&white).leave().leave().apply(&mut next);
        assert!(next.has(flag::WHITE));
    }
}
