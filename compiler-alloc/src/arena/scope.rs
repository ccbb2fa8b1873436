//! Scopes: regions of an arena whose contents live until the scope ends, and not a moment longer.
//!
//! `arena.scope(|s| ..)` borrows the arena's handle exclusively for the time of the closure and lends a `Scope<'s>` instead, where `'s` is a
//! lifetime that exists for this call only (a *brand*). What `s` allocates is tied to the brand, not to the borrow
//! of `s`; therefore
//!
//! - results of an outer scope stay readable, and writable, inside an inner one;
//! - the outer handle cannot allocate while the inner scope is open, because it is exclusively borrowed;
//! - nothing tied to the inner brand can leave: the closure's result type cannot name it;
//! - an inner handle cannot grow an outer vector, because their brands differ and brands are invariant.
//!
//! When the closure returns or panics, the arena returns to where it was: destructors registered inside run, memory
//! stays warm.

use super::raw::{Checkpoint, RawArena};
use core::fmt;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};

/// Makes a lifetime invariant: neither shorter nor longer ones may stand in for it.
type Brand<'s> = PhantomData<fn(&'s ()) -> &'s ()>;

/// A handle that allocates for the lifetime `'s`.
///
/// This is the type that functions of a compiler pass take: `fn parse<'a>(out: &Scope<'a>, ..) -> &'a Tree<'a>`. An
/// [`Arena`](super::Arena), a pool's guard, a pass and the builder of a sealed result all lend one.
///
/// ```
/// use compiler_alloc::{Arena, Scope};
///
/// fn squares<'a>(out: &Scope<'a>, count: u64) -> &'a [u64] {
///     out.alloc_slice_fill_with(count as usize, |index| (index * index) as u64)
/// }
///
/// let mut arena = Arena::new();
/// arena.scope(|outer| {
///     let kept = squares(outer, 4);
///     let sum: u64 = outer.scope(|inner| squares(inner, 100).iter().sum());
///     assert_eq!((kept, sum), (&[0, 1, 4, 9][..], 328_350));
/// });
/// ```
///
/// A reference into a scope cannot outlive it:
///
/// ```compile_fail
/// let mut arena = compiler_alloc::Arena::new();
/// let escaped = arena.scope(|s| s.alloc(1));
/// ```
#[repr(transparent)]
pub struct Scope<'s, const MIN_ALIGN: usize = 8> {
    raw: RawArena<MIN_ALIGN>,
    brand: Brand<'s>,
}

impl<'s, const MIN_ALIGN: usize> Scope<'s, MIN_ALIGN> {
    /// The same arena under a brand.
    ///
    /// # Safety
    ///
    /// What is allocated through the result must stay in place for `'s`: the arena is neither reset nor dropped,
    /// nor rewound past such an allocation, while `'s` lasts.
    #[inline(always)]
    pub(super) unsafe fn lend(raw: &RawArena<MIN_ALIGN>) -> &Self {
        let raw: *const RawArena<MIN_ALIGN> = raw;
        // SAFETY: the cast must keep layout and validity; `Scope` is a transparent wrapper of `RawArena`, and the
        // borrow is the caller's.
        unsafe { &*raw.cast::<Self>() }
    }

    /// The same arena under a brand, exclusively.
    ///
    /// # Safety
    ///
    /// As [`lend`](Self::lend); and no other exclusive handle with the same brand exists, so that two arenas cannot
    /// be swapped.
    #[inline(always)]
    pub(super) unsafe fn lend_mut(raw: &mut RawArena<MIN_ALIGN>) -> &mut Self {
        let raw: *mut RawArena<MIN_ALIGN> = raw;
        // SAFETY: the cast must keep layout and validity; `Scope` is a transparent wrapper of `RawArena`, and the
        // borrow is the caller's.
        unsafe { &mut *raw.cast::<Self>() }
    }

    /// The arena without its brand: layouts only.
    #[inline(always)]
    pub fn raw(&self) -> &RawArena<MIN_ALIGN> {
        &self.raw
    }

    /// The same memory for the time of a borrow, for code that knows one lifetime only.
    #[inline(always)]
    pub fn shorten<'a>(&'a self) -> &'a Scope<'a, MIN_ALIGN> {
        // SAFETY: what is allocated must stay in place for 'a. It stays for 's, which outlives the borrow; rewinding to
        // before it needs this handle exclusively, which cannot be had while 'a lasts.
        unsafe { Scope::lend(&self.raw) }
    }

    /// Runs `f` with an inner scope; when it returns or panics, everything allocated inside is gone and its memory
    /// is ready for reuse.
    ///
    /// This handle is locked meanwhile; its results stay usable. Costs about a dozen stores and no call below,
    /// unless large objects or destructors are inside.
    ///
    /// # Panics
    ///
    /// Goes on with a panic of `f` or of a registered destructor.
    #[inline]
    pub fn scope<'env, O>(&mut self, f: impl for<'i> FnOnce(&mut InnerScope<'i, 'env, MIN_ALIGN>) -> O) -> O {
        enter(&mut self.raw, f)
    }

    /// Bytes handed out, padding included, by this arena since its last reset. Constant time.
    #[inline]
    pub fn used_bytes(&self) -> usize {
        self.raw.used_bytes()
    }

    /// Bytes of memory the arena holds, used or not. Constant time.
    #[inline]
    pub fn reserved_bytes(&self) -> usize {
        self.raw.reserved_bytes()
    }
}

/// A scope inside a scope, and a proof that whatever lives for `'env` outlives it.
///
/// Dereferences to [`Scope`], so it is used and passed on like one. The second lifetime is never written by hand:
/// it lets an inner scope hold references to outer data, `inner.alloc(Node { parent: outer_node })`.
#[repr(transparent)]
pub struct InnerScope<'i, 'env: 'i, const MIN_ALIGN: usize = 8> {
    scope: Scope<'i, MIN_ALIGN>,
    outlived_by: PhantomData<&'i mut &'env ()>,
}

impl<'i, const MIN_ALIGN: usize> Deref for InnerScope<'i, '_, MIN_ALIGN> {
    type Target = Scope<'i, MIN_ALIGN>;
    #[inline(always)]
    fn deref(&self) -> &Self::Target {
        &self.scope
    }
}

impl<const MIN_ALIGN: usize> DerefMut for InnerScope<'_, '_, MIN_ALIGN> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.scope
    }
}

impl<const MIN_ALIGN: usize> fmt::Debug for Scope<'_, MIN_ALIGN> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("used_bytes", &self.raw.used_bytes()).finish_non_exhaustive()
    }
}

/// Runs `f` with a fresh brand over `raw` and returns to the present moment afterwards.
#[inline]
pub(super) fn enter<'env, O, const MIN_ALIGN: usize>(
    raw: &mut RawArena<MIN_ALIGN>,
    f: impl for<'i> FnOnce(&mut InnerScope<'i, 'env, MIN_ALIGN>) -> O,
) -> O {
    /// Rewinds on return and on panic.
    struct Rewind<'a, const M: usize> {
        raw: &'a mut RawArena<M>,
        to: Checkpoint,
    }
    impl<const M: usize> Drop for Rewind<'_, M> {
        #[inline]
        fn drop(&mut self) {
            // SAFETY: the checkpoint must be of this arena and not overtaken, and nothing may refer to what came
            // after it; it was taken in
            // `enter`, the closure could rewind only to later moments, and nothing of its brand can have left it.
            unsafe { self.raw.rewind(&self.to) };
        }
    }
    let to = raw.checkpoint();
    let rewind = Rewind { raw, to };
    let raw: *mut RawArena<MIN_ALIGN> = rewind.raw;
    // SAFETY: the cast must keep layout and validity, allocations must stay in place for the brand, and no second
    // exclusive handle may carry it;
    // `InnerScope` is a transparent wrapper twice over, `rewind` holds the exclusive borrow untouched until the closure is done, and the closure
    // must accept every brand, so it cannot have another handle with this one.
    let inner = unsafe { &mut *raw.cast::<InnerScope<'_, 'env, MIN_ALIGN>>() };
    f(inner)
}
