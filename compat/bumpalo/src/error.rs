//! Why an allocation did not happen.

use core::fmt;

/// There was no room: memory or the arena's limit is exhausted, or no memory could ever have the asked layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllocErr;

impl fmt::Display for AllocErr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no room in the arena: memory or its limit is exhausted")
    }
}

/// Why [`Bump::try_alloc_try_with`](crate::Bump::try_alloc_try_with) left nothing in the arena.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllocOrInitError<E> {
    /// There was no room; the closure was not called.
    Alloc(AllocErr),
    /// The closure answered this error.
    Init(E),
}

impl<E> From<AllocErr> for AllocOrInitError<E> {
    fn from(error: AllocErr) -> Self {
        Self::Alloc(error)
    }
}

impl<E: fmt::Display> fmt::Display for AllocOrInitError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alloc(error) => error.fmt(f),
            Self::Init(error) => write!(f, "the initialiser failed: {error}"),
        }
    }
}

/// Ends a call that has no way to answer an error.
#[cold]
#[inline(never)]
pub(crate) fn no_room() -> ! {
    panic!("out of memory: {AllocErr}")
}
