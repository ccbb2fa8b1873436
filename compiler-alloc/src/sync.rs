//! Atomics, the one lock, and what stands in for them under the model checker.
//!
//! Everything above takes its shared words from here, so that `--cfg loom` turns the same code into a model of every
//! interleaving, and `--cfg shuttle` into one of many seeded schedules.

#[cfg(not(any(loom, shuttle)))]
pub(crate) use core::sync::atomic::{
    AtomicBool, AtomicIsize, AtomicPtr, AtomicU8, AtomicU16, AtomicU32, AtomicUsize, fence,
};
#[cfg(loom)]
pub(crate) use loom::sync::atomic::{
    AtomicBool, AtomicIsize, AtomicPtr, AtomicU8, AtomicU16, AtomicU32, AtomicUsize, fence,
};
#[cfg(shuttle)]
pub(crate) use shuttle::sync::atomic::{
    AtomicBool, AtomicIsize, AtomicPtr, AtomicU8, AtomicU16, AtomicU32, AtomicUsize, fence,
};

pub(crate) use core::sync::atomic::Ordering;

/// Whether a model checker's words, which are larger, stand in for the processor's.
pub(crate) const IS_MODEL: bool = cfg!(any(loom, shuttle));

/// The value of a word that no other thread writes meanwhile, by a plain load, which may be part of another instruction.
///
/// # Safety
/// - No other thread writes the word meanwhile.
#[cfg(not(any(loom, shuttle)))]
#[inline(always)]
pub(crate) unsafe fn load_own(word: &AtomicUsize) -> usize {
    // SAFETY: needs that nobody writes meanwhile; the caller promises it.
    unsafe { *word.as_ptr() }
}

/// The same under a model checker.
///
/// # Safety
/// - No other thread writes the word meanwhile.
#[cfg(any(loom, shuttle))]
pub(crate) unsafe fn load_own(word: &AtomicUsize) -> usize {
    word.load(Ordering::Relaxed)
}

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

/// An array of as many values of an expression, which is constant unless a model checker watches.
#[cfg(not(loom))]
macro_rules! array_of {
    ($value:expr; $length:expr) => {
        [const { $value }; $length]
    };
}
#[cfg(loom)]
macro_rules! array_of {
    ($value:expr; $length:expr) => {
        core::array::from_fn(|_| $value)
    };
}
pub(crate) use array_of;

/// The order in which locks may be taken: a thread that holds a lock takes only locks of a higher rank.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub(crate) enum Rank {
    /// A span cache that several threads share.
    Cache = 0,
    /// What the thread heaps of one heap share; its holder may ask the backend for spans.
    Heap = 1,
    /// The state that a span backend shares.
    Backend = 2,
    /// State inside a page source, which the backend calls with its lock held.
    Source = 3,
}

pub(crate) use serial::Serial;

mod serial {
    use core::sync::atomic::{AtomicUsize, Ordering};

    /// A word whose numbers are never given twice in the life of the process, hence the processor's own under a model
    /// checker too, whose words last for one execution.
    pub(crate) struct Serial(AtomicUsize);

    impl Serial {
        /// Numbers from 1 on.
        pub(crate) const fn new() -> Self {
            Serial(AtomicUsize::new(1))
        }

        /// The next number; `None` when they have run out.
        pub(crate) fn take(&self) -> Option<usize> {
            // Relaxed: the number orders nothing.
            self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |next| next.checked_add(1)).ok()
        }
    }
}

/// Asks the processor to fetch the cache line at `address`, where it can. Any address may be asked for; nothing is read.
#[inline(always)]
pub(crate) fn prefetch<T>(address: *const T) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: needs a processor with the instruction; every x86_64 has it. It never faults.
    unsafe {
        core::arch::x86_64::_mm_prefetch::<{ core::arch::x86_64::_MM_HINT_T0 }>(address.cast());
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = address;
}

/// Spins this often before giving the processor away.
#[cfg(not(any(loom, shuttle)))]
const SPINS_MAX: u32 = 64;

/// One bit that at most one thread sets at a time. Spins, then yields.
#[cfg(any(not(loom), test))]
struct SpinBit(AtomicBool);

#[cfg(any(not(loom), test))]
impl SpinBit {
    const_fn! {
        const fn new() -> Self {
            SpinBit(AtomicBool::new(false))
        }
    }

    /// Sets the bit if it is not set; answers whether it did.
    #[cfg(not(loom))]
    #[inline]
    fn try_lock(&self) -> bool {
        self.0.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    #[inline]
    fn lock(&self) {
        let mut spins = 0;
        while self.0.compare_exchange_weak(false, true, Ordering::Acquire, Ordering::Relaxed).is_err() {
            spins += 1;
            relax(spins);
        }
    }

    #[inline]
    fn unlock(&self) {
        self.0.store(false, Ordering::Release);
    }
}

/// Waits a little: longer the more often it was called in a row.
#[cfg(not(any(loom, shuttle)))]
fn relax(spins: u32) {
    if spins < SPINS_MAX {
        core::hint::spin_loop();
    } else {
        #[cfg(unix)]
        rustix::thread::sched_yield();
        #[cfg(not(unix))]
        core::hint::spin_loop();
    }
}

#[cfg(loom)]
fn relax(_spins: u32) {
    loom::thread::yield_now();
}

#[cfg(shuttle)]
fn relax(_spins: u32) {
    shuttle::thread::yield_now();
}

/// Waits a little for another thread, longer the more often it was called in a row, which `waits` counts from 1.
pub(crate) fn wait_a_little(waits: u32) {
    relax(waits);
}

#[cfg(not(loom))]
pub(crate) use lock::{RankedGuard, RankedLock};
#[cfg(loom)]
pub(crate) use model_lock::{RankedGuard, RankedLock};

#[cfg(not(loom))]
mod lock {
    use super::{Rank, SpinBit, order};
    use core::cell::UnsafeCell;
    use core::marker::PhantomData;
    use core::ops::{Deref, DerefMut};
    use core::sync::atomic::{AtomicUsize, Ordering};

    /// A lock that spins, then yields; never allocates, can stand in a static, and may be held across `fork`.
    ///
    /// The thread that holds it across `fork` may lock it again meanwhile, once at a time: the program's own handlers may run
    /// between ours, and allocate.
    ///
    /// In debug builds with `std` a thread that takes locks against their [`Rank`] panics.
    pub(crate) struct RankedLock<T> {
        bit: SpinBit,
        rank: order::Kept,
        /// The [`caller`] that holds it across `fork`; 0 while nobody does.
        forking: AtomicUsize,
        value: UnsafeCell<T>,
    }

    /// What tells the calling thread from all others that run meanwhile in the same memory (a child of `vfork` has the pointer of
    /// its parent, which waits); the same after `fork`. Never 0, but where no heap of a process is.
    #[cfg(all(target_arch = "x86_64", target_os = "linux", not(miri)))]
    fn caller() -> usize {
        let thread_pointer: usize;
        // SAFETY: needs an instruction that changes nothing but its output; the ABI keeps the thread pointer in the word it reads.
        unsafe {
            core::arch::asm!(
                "mov {thread_pointer}, qword ptr fs:[0]",
                thread_pointer = out(reg) thread_pointer,
                options(pure, readonly, nostack, preserves_flags),
            );
        }
        thread_pointer
    }

    /// The same elsewhere.
    #[cfg(all(unix, feature = "hosted", not(all(target_arch = "x86_64", target_os = "linux", not(miri)))))]
    fn caller() -> usize {
        // SAFETY: needs the C library's declaration: no arguments, no errors, and an answer of one word, which a copy of the thread in
        // a child of `fork` gets, too.
        unsafe extern "C" {
            safe fn pthread_self() -> usize;
        }
        pthread_self()
    }

    /// Nobody forks there with a heap of ours.
    #[cfg(not(any(
        all(unix, feature = "hosted"),
        all(target_arch = "x86_64", target_os = "linux", not(miri))
    )))]
    fn caller() -> usize {
        0
    }

    // SAFETY: needs that no two threads reach `value` at once; the bit admits one guard at a time, and `T: Send` lets
    // the value be used from whichever thread holds it.
    unsafe impl<T: Send> Sync for RankedLock<T> {}

    impl<T> RankedLock<T> {
        /// An open lock around `value`.
        pub(crate) const fn new(rank: Rank, value: T) -> Self {
            let (bit, rank) = (SpinBit::new(), order::keep(rank));
            RankedLock { bit, rank, forking: AtomicUsize::new(0), value: UnsafeCell::new(value) }
        }

        /// Waits until the lock is free, then holds it until the guard is dropped.
        #[inline]
        pub(crate) fn lock(&self) -> RankedGuard<'_, T> {
            order::enter(self.rank);
            RankedGuard { lock: self, value: PhantomData, opens: self.bit.try_lock() || self.wait() }
        }

        /// Waits until the lock is free and takes it; unless the calling thread holds it across `fork`, then answers `false`.
        #[cold]
        fn wait(&self) -> bool {
            // Relaxed: only the holder stores its own number, so whoever finds that it is the caller stored it before.
            let holder = self.forking.load(Ordering::Relaxed);
            if holder != 0 && holder == caller() {
                return false;
            }
            self.bit.lock();
            true
        }

        /// Like [`lock`](Self::lock), for callers whose unlock happens elsewhere: `fork` handlers. They take the locks of every
        /// heap of a process, one heap after the other, which nobody else does; so ranks are not compared.
        pub(crate) fn lock_without_guard(&self) {
            self.bit.lock();
            self.forking.store(caller(), Ordering::Relaxed);
        }

        /// Opens the lock again after [`lock_without_guard`](Self::lock_without_guard).
        ///
        /// # Safety
        /// - The calling thread (or, after `fork`, the thread it is a copy of) holds the lock and has no guard for it.
        pub(crate) unsafe fn unlock_without_guard(&self) {
            self.forking.store(0, Ordering::Relaxed);
            self.bit.unlock();
        }
    }

    /// Proof that the lock is held.
    pub(crate) struct RankedGuard<'l, T> {
        lock: &'l RankedLock<T>,
        /// What it stands for: so that sharing a guard takes a `T` that may be shared.
        value: PhantomData<&'l mut T>,
        /// Whether the lock is open when the guard is gone; it is not if the thread holds it across `fork`.
        opens: bool,
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
            // SAFETY: needs that nobody else reads or writes; the guard exists only while this thread holds the lock, and
            // only once, because a thread with a guard takes no lock of the same rank: nothing that is called under a lock does, and
            // a page source promises it. The unique borrow outlives the reference.
            unsafe { &mut *self.lock.value.get() }
        }
    }

    impl<T> Drop for RankedGuard<'_, T> {
        #[inline]
        fn drop(&mut self) {
            order::leave(self.lock.rank);
            if self.opens {
                self.lock.bit.unlock();
            }
        }
    }
}

#[cfg(loom)]
mod model_lock {
    //! The checker's own lock: it knows which thread waits, so that models need not follow every spin.

    use super::Rank;
    use core::ops::{Deref, DerefMut};

    pub(crate) struct RankedLock<T>(loom::sync::Mutex<T>);

    pub(crate) struct RankedGuard<'l, T>(loom::sync::MutexGuard<'l, T>);

    impl<T> RankedLock<T> {
        pub(crate) fn new(_rank: Rank, value: T) -> Self {
            RankedLock(loom::sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> RankedGuard<'_, T> {
            match self.0.lock() {
                Ok(guard) => RankedGuard(guard),
                Err(_) => panic!("a model panicked under the lock"),
            }
        }

        pub(crate) fn lock_without_guard(&self) {
            unimplemented!("models do not fork")
        }

        /// # Safety
        /// - Never called: models do not fork.
        pub(crate) unsafe fn unlock_without_guard(&self) {
            unimplemented!("models do not fork")
        }
    }

    impl<T> Deref for RankedGuard<'_, T> {
        type Target = T;
        fn deref(&self) -> &T {
            &self.0
        }
    }

    impl<T> DerefMut for RankedGuard<'_, T> {
        fn deref_mut(&mut self) -> &mut T {
            &mut self.0
        }
    }
}

/// Runs a model: follows every schedule with at most `preemptions` switches that nothing forces.
#[cfg(all(test, loom))]
pub(crate) fn model(preemptions: usize, body: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.max_branches = 100_000;
    builder.check(body);
}

#[cfg(all(test, loom))]
mod loom_models {
    use super::SpinBit;
    use loom::cell::UnsafeCell;
    use loom::sync::Arc;

    /// The lock itself: what one holder wrote the next one sees, and never two at once.
    #[test]
    fn loom_spin_bit_admits_one_thread_at_a_time() {
        loom::model(|| {
            let shared = Arc::new((SpinBit::new(), UnsafeCell::new(0)));
            let add = |shared: &(SpinBit, UnsafeCell<i32>)| {
                shared.0.lock();
                // SAFETY: needs that nobody else is here; the checker reports it if the bit lets two threads in.
                shared.1.with_mut(|value| unsafe { *value += 1 });
                shared.0.unlock();
            };
            let other = {
                let shared = shared.clone();
                loom::thread::spawn(move || add(&shared))
            };
            add(&shared);
            other.join().unwrap();
            // SAFETY: needs that nobody writes; the other thread was joined.
            assert_eq!(shared.1.with(|value| unsafe { *value }), 2);
        });
    }
}

#[cfg(all(debug_assertions, feature = "std", not(any(loom, shuttle))))]
mod order {
    //! Which ranks the thread holds, as bits; a constant-initialised cell without destructor works at thread exit too.
    use super::Rank;
    use core::cell::Cell;

    std::thread_local! {
        static HELD: Cell<u32> = const { Cell::new(0) };
    }

    /// What a lock keeps of its rank.
    pub(super) type Kept = Rank;

    pub(super) const fn keep(rank: Rank) -> Kept {
        rank
    }

    pub(super) fn enter(rank: Kept) {
        let held = HELD.get();
        assert!(
            held >> (rank as u32) == 0,
            "lock of rank {rank:?} taken while one of that rank or above is held"
        );
        HELD.set(held | 1 << rank as u32);
    }

    pub(super) fn leave(rank: Kept) {
        HELD.set(HELD.get() & !(1 << rank as u32));
    }
}

#[cfg(all(not(loom), any(shuttle, not(all(debug_assertions, feature = "std")))))]
mod order {
    use super::Rank;

    /// Nothing of its rank, so that an open lock is all zero and a static one lies in `.bss`.
    #[derive(Clone, Copy)]
    pub(super) struct Kept;

    #[inline(always)]
    pub(super) const fn keep(_: Rank) -> Kept {
        Kept
    }

    #[inline(always)]
    pub(super) fn enter(_: Kept) {}

    #[inline(always)]
    pub(super) fn leave(_: Kept) {}
}

/// One pointer that each thread remembers under a key: what it used last. Where threads have no storage of their own, nothing is remembered.
pub(crate) mod recent {
    #[cfg(feature = "std")]
    use core::cell::Cell;
    use core::ptr::NonNull;

    #[cfg(all(feature = "std", not(any(loom, shuttle))))]
    std::thread_local! {
        /// Key 0 is nobody's, but callers ask with it; so nothing is remembered under the highest.
        static KEY: Cell<usize> = const { Cell::new(usize::MAX) };
        static POINTER: Cell<NonNull<()>> = const { Cell::new(NonNull::dangling()) };
    }
    #[cfg(all(feature = "std", loom))]
    loom::thread_local! {
        static KEY: Cell<usize> = Cell::new(usize::MAX);
        static POINTER: Cell<NonNull<()>> = Cell::new(NonNull::dangling());
    }
    #[cfg(all(feature = "std", shuttle))]
    shuttle::thread_local! {
        static KEY: Cell<usize> = Cell::new(usize::MAX);
        static POINTER: Cell<NonNull<()>> = Cell::new(NonNull::dangling());
    }

    /// What the thread remembers under `key`.
    #[cfg(feature = "std")]
    #[inline(always)]
    pub(crate) fn recall(key: usize) -> Option<NonNull<()>> {
        (KEY.with(Cell::get) == key).then(|| POINTER.with(Cell::get))
    }

    /// Remembers `pointer` under `key`, and forgets what came before.
    #[cfg(feature = "std")]
    pub(crate) fn remember(key: usize, pointer: NonNull<()>) {
        KEY.with(|kept| kept.set(key));
        POINTER.with(|kept| kept.set(pointer));
    }

    /// Nothing is remembered.
    #[cfg(not(feature = "std"))]
    #[inline(always)]
    pub(crate) fn recall(_: usize) -> Option<NonNull<()>> {
        None
    }

    /// Remembers nothing.
    #[cfg(not(feature = "std"))]
    pub(crate) fn remember(_: usize, _: NonNull<()>) {}
}

#[cfg(all(test, debug_assertions, feature = "std", not(any(loom, shuttle))))]
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

    #[cfg(all(unix, feature = "hosted"))]
    #[test]
    fn only_the_thread_that_holds_a_lock_across_a_fork_may_lock_it_again() {
        let lock = RankedLock::new(Rank::Backend, 0);
        lock.lock_without_guard();
        *lock.lock() += 1;
        *lock.lock() += 1;
        let seen = std::thread::scope(|scope| {
            let other = scope.spawn(|| *lock.lock());
            // Whether the other thread waits already does not matter: it gets the lock only now, with what was written last.
            *lock.lock() += 1;
            // SAFETY: needs a lock that this thread holds without guard; it was taken so above, and every guard is gone.
            unsafe { lock.unlock_without_guard() };
            other.join().unwrap()
        });
        assert_eq!(seen, 3);
    }
}
