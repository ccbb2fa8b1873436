//! For measuring: who wants to know when a pass runs, on which thread, and what it holds.

use crate::memory::OutMemory;

/// The pass that reads and lexes a file.
pub const LEX: &str = "lex";

/// The pass that preprocesses a unit; files that it is first to include are lexed within it.
pub const PREPROCESS: &str = "preprocess";

/// The pass that parses a unit. Tokens are made one by one while it runs, so its time includes theirs; its memory does not. Of a unit in two
/// threads they are made in [`PREPROCESS`], and its time includes waiting for them.
pub const PARSE: &str = "parse";

/// The pass that checks a unit, a declaration at a time while it is parsed; its time is counted for [`PARSE`], but by a meter that
/// [wants declarations](Meter::wants_declarations).
pub const CHECK: &str = "check";

/// Is told on the worker's own thread when a pass begins and ends; passes nest. Does nothing unless implemented.
pub trait Meter: Send + Sync {
    /// Pass `name` begins on the calling thread.
    fn enter(&self, name: &'static str) {
        let _ = name;
    }

    /// The innermost pass of the calling thread ends.
    fn leave(&self) {}

    /// The calling thread is done with a unit: what its own arenas of pass `name` hold now, before anything is taken back.
    fn held(&self, name: &'static str, memory: OutMemory) {
        let _ = (name, memory);
    }

    /// The calling thread begins to parse and check a unit whose tokens another thread makes.
    fn begin_share(&self) {}

    /// It is done with that; `unit` is the unit's name.
    fn end_share(&self, unit: &[u8]) {
        let _ = unit;
    }

    /// Whether to be told when the check of each declaration begins and ends, too.
    fn wants_declarations(&self) -> bool {
        false
    }
}

/// Measures nothing.
impl Meter for () {}

/// A pass that is running; dropping it ends the pass, also when it panics.
pub(crate) struct Running<'m>(&'m dyn Meter);

impl<'m> Running<'m> {
    /// Begins pass `name`.
    pub(crate) fn enter(meter: &'m dyn Meter, name: &'static str) -> Self {
        meter.enter(name);
        Self(meter)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.leave();
    }
}
