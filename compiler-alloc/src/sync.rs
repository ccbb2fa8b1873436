//! Atomics, the one lock, and what stands in for them under the model checker.
//!
//! Everything above takes its shared words from here, so that `--cfg loom` turns the same code into a model.

#[cfg(not(loom))]
pub(crate) use core::sync::atomic::{
    AtomicBool, AtomicIsize, AtomicPtr, AtomicU8, AtomicU16, AtomicU32, AtomicUsize,
};
#[cfg(loom)]
pub(crate) use loom::sync::atomic::{
    AtomicBool, AtomicIsize, AtomicPtr, AtomicU8, AtomicU16, AtomicU32, AtomicUsize,
};

pub(crate) use core::sync::atomic::Ordering;

use core::cell::UnsafeCell;
use core::ops::{Deref, DerefMut};

/// Declares a constructor that is `const`, except under the model checker, whose atomics have none.
macro_rules! const_fn {
    ($(#[$meta:meta])* $vis:vis const $($rest:tt)*) => {
        #[cfg(not(loom))]
        $(#[$meta])*
        $vis const $($rest)*
        #[cfg(loom)]
        $(#[$meta])*
        $vis $($rest)*
    };
}
pub(crate) use const_fn;

/// The order in which locks may be taken: a thread that holds a lock takes only locks of a higher rank.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub(crate) enum Rank {
    /// A span cache that several threads share.
    Cache = 0,
    /// The state that a span backend shares.
    Backend = 1,
    /// State inside a page source, which the backend calls with its lock held.
    Source = 2,
}

/// Spins this often before giving the processor away.
const SPINS_MAX: u32 = 64;

/// A lock that spins, then yields; never allocates, can stand in a static, and may be held across `fork`.
///
/// In debug builds with `std` a thread that takes locks against their [`Rank`] panics.
pub(crate) struct RankedLock<T> {
    held: AtomicBool,
    rank: Rank,
    value: UnsafeCell<T>,
}

// SAFETY: needs that no two threads reach `value` at once; `held` admits one guard at a time, and `T: Send` lets
// the value be used from whichever thread holds it.
unsafe impl<T: Send> Sync for RankedLock<T> {}

impl<T> RankedLock<T> {
    const_fn! {
        /// An open lock around `value`.
        pub(crate) const fn new(rank: Rank, value: T) -> Self {
            RankedLock { held: AtomicBool::new(false), rank, value: UnsafeCell::new(value) }
        }
    }

    /// Waits until the lock is free, then holds it until the guard is dropped.
    #[inline]
    pub(crate) fn lock(&self) -> RankedGuard<'_, T> {
        self.lock_without_guard();
        RankedGuard { lock: self }
    }

    /// Like [`lock`](Self::lock), for callers whose unlock happens elsewhere: `fork` handlers.
    pub(crate) fn lock_without_guard(&self) {
        order::enter(self.rank);
        let mut spins = 0;
        while self.held.compare_exchange_weak(false, true, Ordering::Acquire, Ordering::Relaxed).is_err() {
            spins += 1;
            relax(spins);
        }
    }

    /// Opens the lock again after [`lock_without_guard`](Self::lock_without_guard).
    ///
    /// # Safety
    /// - The calling thread (or, after `fork`, the thread it is a copy of) holds the lock and has no guard for it.
    pub(crate) unsafe fn unlock_without_guard(&self) {
        order::leave(self.rank);
        self.held.store(false, Ordering::Release);
    }
}

/// Waits a little: longer the more often it was called in a row.
fn relax(spins: u32) {
    #[cfg(loom)]
    {
        let _ = spins;
        loom::thread::yield_now();
    }
    #[cfg(not(loom))]
    if spins < SPINS_MAX {
        core::hint::spin_loop();
    } else {
        #[cfg(unix)]
        rustix::thread::sched_yield();
        #[cfg(not(unix))]
        core::hint::spin_loop();
    }
    #[cfg(loom)]
    let _ = SPINS_MAX;
}

/// Proof that the lock is held.
pub(crate) struct RankedGuard<'l, T> {
    lock: &'l RankedLock<T>,
}

impl<T> Deref for RankedGuard<'_, T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: needs that nobody else writes; the guard exists only while this thread holds the lock, and the
        // borrow of the guard outlives the reference.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T> DerefMut for RankedGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: needs that nobody else reads or writes; the guard exists only while this thread holds the lock,
        // and the unique borrow of the guard outlives the reference.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T> Drop for RankedGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: needs that this thread holds the lock without another guard; the guard is that proof and ends here.
        unsafe { self.lock.unlock_without_guard() }
    }
}

#[cfg(all(debug_assertions, feature = "std", not(loom)))]
mod order {
    //! Which ranks the thread holds, as bits; a constant-initialised cell without destructor works at thread exit too.
    use super::Rank;
    use core::cell::Cell;

    std::thread_local! {
        static HELD: Cell<u32> = const { Cell::new(0) };
    }

    pub(super) fn enter(rank: Rank) {
        let held = HELD.get();
        assert!(
            held >> (rank as u32) == 0,
            "lock of rank {rank:?} taken while one of that rank or above is held"
        );
        HELD.set(held | 1 << rank as u32);
    }

    pub(super) fn leave(rank: Rank) {
        HELD.set(HELD.get() & !(1 << rank as u32));
    }
}

#[cfg(not(all(debug_assertions, feature = "std", not(loom))))]
mod order {
    use super::Rank;

    #[inline(always)]
    pub(super) fn enter(_: Rank) {}

    #[inline(always)]
    pub(super) fn leave(_: Rank) {}
}

#[cfg(all(test, debug_assertions, feature = "std", not(loom)))]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "lock of rank Backend")]
    fn taking_locks_against_their_rank_panics() {
        let source = RankedLock::new(Rank::Source, ());
        let backend = RankedLock::new(Rank::Backend, ());
        let _source = source.lock();
        let _backend = backend.lock();
    }

    #[test]
    fn a_lock_admits_one_thread_at_a_time() {
        let lock = RankedLock::new(Rank::Backend, 0_u64);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..10_000 {
                        *lock.lock() += 1;
                    }
                });
            }
        });
        assert_eq!(*lock.lock(), 40_000);
    }
}
