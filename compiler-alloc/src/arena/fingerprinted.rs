//! `Fingerprinted`: a sealed result beside a value that says whether another result is the same; and what salsa asks of both.
//!
//! A system that computes again only what changed compares a new result with the old one. Sealed results have no `==` of their own:
//! comparing two trees costs a walk, and the old one may be gone. A fingerprint is compared at once, does not lie in the result's
//! memory, and so can be kept when that is given back.
//!
//! # Salsa
//!
//! With the feature `salsa` (release 0.28), [`Sealed`] and `Fingerprinted` implement `salsa::SalsaValue`: they may lie in tracked and
//! interned structs and in results of tracked functions, also inside of types that carry the database's lifetime. See
//! `docs/incremental.md`, whose example is compiled and run. What its `unsafe` asks is owed by [`Sealed`]'s own contract, whatever the family:
//!
//! - *A value of an older revision stays safe to use.* A result refers to what its builder allocated, to results that it extends, and
//!   to what lives for `'static`; it owns the first two. A family is `'static`, and the builder's closure works for every lifetime, so
//!   nothing with the lifetime of a database can be part of a result.
//! - *Safe methods may be called on it,* `==` among them. `Sealed` reads its own memory; `Fingerprinted` compares fingerprints, which
//!   are salsa values themselves.
//! - *It may be dropped by whoever writes next,* on any thread, while other handles live. The owners are counted.
//!
//! Salsa's earlier `unsafe` trait `Update`, which replaced old values in place, is gone since 0.28.

use super::sealed::{Family, HeapSize, Sealed};
use core::fmt;

/// A sealed result that is equal to another if their fingerprints are; a handle, cheap to clone.
///
/// ```
/// use compiler_alloc::arena::Fingerprinted;
/// use compiler_alloc::{Family, Sealed};
///
/// struct Words;
/// impl Family for Words {
///     type Of<'a> = &'a [&'a str];
///     fn shorten<'s, 'l: 's>(long: &'s Self::Of<'l>) -> &'s Self::Of<'s> { long }
/// }
///
/// let words = |text: &str| {
///     let sealed = Sealed::<Words>::build(|b| {
///         let words: Vec<&str> = text.split_whitespace().map(|word| &*b.alloc_str(word)).collect();
///         b.alloc_slice_copy(&words)
///     });
///     // Whatever the result is made from; here its own contents.
///     let fingerprint = sealed.get().join(" ");
///     Fingerprinted::new(sealed, fingerprint)
/// };
/// assert!(words("a b") == words(" a  b "));
/// assert!(words("a b") != words("ab"));
/// ```
pub struct Fingerprinted<R: Family, F> {
    sealed: Sealed<R>,
    fingerprint: F,
}

impl<R: Family, F> Fingerprinted<R, F> {
    /// Puts `fingerprint` beside `sealed`. Results that may differ must not have equal ones.
    pub fn new(sealed: Sealed<R>, fingerprint: F) -> Self {
        Self { sealed, fingerprint }
    }

    /// The result.
    #[inline]
    pub fn get(&self) -> &R::Of<'_> {
        self.sealed.get()
    }

    /// The handle to the result.
    pub fn sealed(&self) -> &Sealed<R> {
        &self.sealed
    }

    /// The fingerprint.
    pub fn fingerprint(&self) -> &F {
        &self.fingerprint
    }

    /// How much memory the result takes; see [`Sealed::heap_size`]. Constant time.
    pub fn heap_size(&self) -> HeapSize {
        self.sealed.heap_size()
    }
}

impl<R: Family, F: Clone> Clone for Fingerprinted<R, F> {
    fn clone(&self) -> Self {
        Self { sealed: self.sealed.clone(), fingerprint: self.fingerprint.clone() }
    }
}

/// By fingerprint.
impl<R: Family, F: PartialEq> PartialEq for Fingerprinted<R, F> {
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
    }
}

impl<R: Family, F: Eq> Eq for Fingerprinted<R, F> {}

impl<R: Family, F: fmt::Debug> fmt::Debug for Fingerprinted<R, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fingerprinted")
            .field("fingerprint", &self.fingerprint)
            .field("sealed", &self.sealed)
            .finish()
    }
}

// SAFETY: a value must stay safe to keep and to use when the database's revision is over. It owns the memory it lies in, or shares
// that with the results it extends; `Family: 'static` and the builders' closures, which work for every lifetime, keep everything
// with a shorter lifetime than `'static` out; memory goes with the last handle only.
#[cfg(feature = "salsa")]
unsafe impl<R: Family> salsa::SalsaValue for Sealed<R> {}

// SAFETY: as for `Sealed`, and the fingerprint is such a value itself.
#[cfg(feature = "salsa")]
unsafe impl<R: Family, F: salsa::SalsaValue> salsa::SalsaValue for Fingerprinted<R, F> {}
