//! `ArenaPool`: many arenas that share one lifetime, for passes that run in parallel.
//!
//! Each concurrent user gets an arena of its own, so allocating needs no synchronisation; what any of them
//! allocated lives until the pool is reset or dropped, whoever reads it. The pool's own record of an arena (a
//! *seat*) is the first object in that arena, so the pool allocates nothing elsewhere.
//!
//! # Protocol
//!
//! Seats form a list that only grows while the pool is shared: a new seat is pushed at the head by
//! compare-and-swap. `taken` is a seat's lock: whoever changes it from 0 to 1 (acquire) may use its arena,
//! until it stores 0 (release), which hands everything it wrote to the next user. Resetting and dropping need
//! the pool exclusively.
//!
//! A thread remembers the seat it used last under the pool's `key`, so that a task finds its worker's arena without
//! a walk. Keys are never given twice, and a pool gives its key up before a seat leaves the list, so what is
//! remembered under a pool's present key is one of its seats.

use super::memory::ArenaMemory;
use super::raw::{Budget, Checkpoint, ChunkCounts, RawArena, ResetMode, raise};
use super::scope::{self, InnerScope, Scope};
use crate::fault::Fault;
use crate::sync::{AtomicPtr, AtomicU32, AtomicUsize, Ordering, Serial, const_fn, recent};
use core::alloc::Layout;
use core::cell::UnsafeCell;
use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::Deref;
use core::ptr::{self, NonNull};

/// The pool's record of one arena; lies in that arena.
pub(super) struct Seat<const MIN_ALIGN: usize> {
    arena: UnsafeCell<ManuallyDrop<RawArena<MIN_ALIGN>>>,
    taken: AtomicU32,
    /// The token of the thread that last found it by a walk.
    user: AtomicUsize,
    /// The moment just after the seat itself was allocated.
    floor: Checkpoint,
    next: *mut Seat<MIN_ALIGN>,
}

impl<const MIN_ALIGN: usize> Seat<MIN_ALIGN> {
    /// Takes the seat for the caller alone, unless it is taken.
    #[inline(always)]
    fn try_take(&self) -> bool {
        self.taken.fetch_or(1, Ordering::Acquire) & 1 == 0
    }

    /// Lets the next user have it.
    #[inline(always)]
    fn leave(&self) {
        self.taken.store(0, Ordering::Release);
    }
}

// SAFETY: shared use must be free of races; `arena` is used only by whoever holds `taken` or the pool exclusively,
// and `floor` and
// `next` do not change once the seat is published.
unsafe impl<const MIN_ALIGN: usize> Sync for Seat<MIN_ALIGN> {}

/// Over a reset an arena of a pool that has several keeps about this many bytes for itself; the rest of its chunks waits,
/// warm, for whichever arena needs them in the next round. Otherwise every arena would hold what it alone once needed.
pub const SHARE_BYTES_KEPT: usize = 2 << 20;

/// What the arenas of a pool hold.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PoolUse {
    pub(super) used_bytes: usize,
    /// The sum of the arenas' peaks.
    pub(super) peak_bytes: usize,
    pub(super) reserved_bytes: usize,
    pub(super) counts: ChunkCounts,
}

/// Arenas for concurrent users with one common lifetime.
///
/// `Sync`: share it by reference. [`get`](Self::get) gives the calling worker an arena that nobody else uses meanwhile, preferably the one that
/// this thread used last; what is allocated through it lives as long as the pool is borrowed. A nested `get` on the
/// same worker gets another arena. Finding the arena that this thread used last costs one locked operation; finding another
/// adds a walk over at most as many seats as there were concurrent users.
///
/// ```
/// use compiler_alloc::ArenaPool;
/// let mut pool = ArenaPool::new();
/// let lengths: Vec<&usize> = std::thread::scope(|threads| {
///     let handles: Vec<_> = ["a", "bc", "def"].map(|text| {
///         let pool = &pool;
///         threads.spawn(move || &*pool.get().alloc(text.len()))
///     }).into();
///     handles.into_iter().map(|handle| handle.join().unwrap()).collect()
/// });
/// assert_eq!(lengths, [&1, &2, &3]);
/// pool.reset();
/// ```
///
/// With rayon: `items.par_iter().map_init(|| pool.get(), |arena, item| arena.alloc(work(item)))`.
pub struct ArenaPool<const MIN_ALIGN: usize = 8> {
    seats: AtomicPtr<Seat<MIN_ALIGN>>,
    /// What new arenas draw their limit from; null if nothing. Changed only while no arena is in use.
    budget: AtomicPtr<Budget>,
    /// Under which threads remember their seats; 0 until the first one is found, and again when seats leave.
    key: AtomicUsize,
    memory: &'static dyn ArenaMemory,
}

// SAFETY: sending the pool must send only what may be sent; its arenas are `Send`, and values without destructors
// are not touched again.
unsafe impl<const MIN_ALIGN: usize> Send for ArenaPool<MIN_ALIGN> {}
// SAFETY: shared use must be free of races; the header's protocol gives every arena at most one user at a time and
// orders the users.
unsafe impl<const MIN_ALIGN: usize> Sync for ArenaPool<MIN_ALIGN> {}

impl ArenaPool {
    const_fn! {
        /// A pool without arenas, over `memory`, with the default alignment.
        pub const fn new_in(memory: &'static dyn ArenaMemory) -> Self {
            Self::aligned_in(memory)
        }
    }
}

impl<const MIN_ALIGN: usize> ArenaPool<MIN_ALIGN> {
    const_fn! {
        /// A pool without arenas, over `memory`, with the alignment that its type states.
        pub const fn aligned_in(memory: &'static dyn ArenaMemory) -> Self {
            const { RawArena::<MIN_ALIGN>::CHECK };
            Self {
                seats: AtomicPtr::new(ptr::null_mut()),
                budget: AtomicPtr::new(ptr::null_mut()),
                key: AtomicUsize::new(0),
                memory,
            }
        }
    }

    /// An arena for the calling worker alone, until the guard is dropped.
    ///
    /// # Panics
    ///
    /// If there is no free arena and no memory for a new one.
    #[inline]
    pub fn get(&self) -> PoolGuard<'_, MIN_ALIGN> {
        match self.recent_seat() {
            Some(seat) => PoolGuard { seat },
            None => self.get_any_or_raise(),
        }
    }

    #[cold]
    fn get_any_or_raise(&self) -> PoolGuard<'_, MIN_ALIGN> {
        match self.get_any() {
            Ok(guard) => guard,
            Err(fault) => raise(&fault),
        }
    }

    /// An arena for the calling worker alone, until the guard is dropped.
    ///
    /// # Errors
    ///
    /// A fault if there is no free arena and no memory for a new one.
    #[inline]
    pub fn try_get(&self) -> Result<PoolGuard<'_, MIN_ALIGN>, Fault> {
        match self.recent_seat() {
            Some(seat) => Ok(PoolGuard { seat }),
            None => self.get_any(),
        }
    }

    /// Takes the seat that this thread used last in this pool, if it remembers one and nobody else has it.
    #[inline(always)]
    fn recent_seat(&self) -> Option<&Seat<MIN_ALIGN>> {
        let seat = recent::recall(self.key.load(Ordering::Relaxed))?.cast::<Seat<MIN_ALIGN>>();
        // SAFETY: the seat must be of this pool and alive while the pool is borrowed; it was remembered under the pool's key, which no
        // other pool ever had, and which the pool gives up before a seat leaves its list.
        let seat = unsafe { seat.as_ref() };
        seat.try_take().then_some(seat)
    }

    /// Lets this thread find `seat` at once next time.
    fn remember(&self, seat: &Seat<MIN_ALIGN>) {
        static KEYS: Serial = Serial::new();
        let mut key = self.key.load(Ordering::Relaxed);
        if key == 0 {
            // When the keys have run out, nothing is remembered any more.
            let Some(new) = KEYS.take() else { return };
            // Another thread may be first; then its key is the pool's, and the new one is nobody's.
            key = match self.key.compare_exchange(0, new, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => new,
                Err(present) => present,
            };
        }
        recent::remember(key, NonNull::from(seat).cast());
    }

    /// Gives the pool's key up, because seats are about to leave: what threads remember under it is void.
    fn forget_seats(&mut self) {
        // Relaxed: the borrow is exclusive.
        self.key.store(0, Ordering::Relaxed);
    }

    /// Finds a free arena by a walk, or makes one.
    fn get_any(&self) -> Result<PoolGuard<'_, MIN_ALIGN>, Fault> {
        let token = self.memory.thread_token();
        // First the arena that this thread used last: its newest chunk is warm in this core's cache. Then any
        // other.
        let seat = self
            .free_seat(|seat| token != 0 && seat.user.load(Ordering::Relaxed) == token)
            .or_else(|| self.free_seat(|_| true));
        let seat = match seat {
            Some(seat) => seat,
            None => self.new_seat()?,
        };
        seat.user.store(token, Ordering::Relaxed);
        self.remember(seat);
        Ok(PoolGuard { seat })
    }

    /// Takes the first free seat that satisfies `suits`.
    fn free_seat(&self, suits: impl Fn(&Seat<MIN_ALIGN>) -> bool) -> Option<&Seat<MIN_ALIGN>> {
        self.each_seat()
            .find(|seat| suits(seat) && seat.taken.load(Ordering::Relaxed) == 0 && seat.try_take())
    }

    /// The seats, newest first.
    fn each_seat(&self) -> impl Iterator<Item = &Seat<MIN_ALIGN>> {
        let mut at = self.seats.load(Ordering::Acquire);
        core::iter::from_fn(move || {
            // SAFETY: the pointer must be null or lead to a live seat; seats are published by release after they
            // were written, and live until the pool is borrowed exclusively.
            let seat = unsafe { at.as_ref() }?;
            at = seat.next;
            Some(seat)
        })
    }

    /// Makes a seat, taken, in a new arena.
    fn new_seat(&self) -> Result<&Seat<MIN_ALIGN>, Fault> {
        let arena = RawArena::aligned_in(self.memory);
        let place = arena.try_alloc_layout(Layout::new::<Seat<MIN_ALIGN>>())?.cast::<Seat<MIN_ALIGN>>();
        let floor = arena.checkpoint();
        // SAFETY: the budget must stay valid until it is replaced; `set_budget`'s caller promised it for future
        // arenas too.
        unsafe { arena.set_budget(NonNull::new(self.budget.load(Ordering::Relaxed))) };
        let seat = Seat {
            arena: UnsafeCell::new(ManuallyDrop::new(arena)),
            taken: AtomicU32::new(1),
            user: AtomicUsize::new(0),
            floor,
            next: self.seats.load(Ordering::Relaxed),
        };
        // SAFETY: the place must be valid for writes, aligned and unused; it has just been allocated for this type.
        // The arena moves into its own memory, which no field of it points to the place of.
        unsafe { place.write(seat) };
        let place = place.as_ptr();
        loop {
            // SAFETY: the seat must be alive; it was written above, and only the pool's drop ends it.
            let next = unsafe { (*place).next };
            match self.seats.compare_exchange(next, place, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => break,
                // SAFETY: nobody else may read the field; the seat is not published yet.
                Err(newer) => unsafe { (*place).next = newer },
            }
        }
        // SAFETY: the seat must live as long as the borrow of the pool; only exclusive calls end it.
        Ok(unsafe { &*place })
    }

    /// Runs `f` for every arena.
    pub(super) fn each_arena(&mut self, mut f: impl FnMut(&mut RawArena<MIN_ALIGN>, &Checkpoint)) {
        for seat in self.each_seat() {
            // SAFETY: nobody else may use the arena; the exclusive borrow of the pool ends every guard's.
            let arena = unsafe { &mut *seat.arena.get() };
            f(arena, &seat.floor);
        }
    }

    /// Lets every arena, present and future, draw on `budget` for what it uses from now on; `None` lifts the limit.
    ///
    /// # Safety
    ///
    /// - The budget stays valid until this function is called again or the pool is gone.
    /// - Nobody uses an arena of the pool meanwhile: there is no guard that is still used.
    pub(super) unsafe fn set_budget(&self, budget: Option<NonNull<Budget>>) {
        self.budget.store(budget.map_or(ptr::null_mut(), NonNull::as_ptr), Ordering::Relaxed);
        for seat in self.each_seat() {
            // SAFETY: nobody else may use the arena; the caller says that no guard is in use.
            let arena = unsafe { &*seat.arena.get() };
            // SAFETY: the budget must stay valid until it is replaced; the caller says so.
            unsafe { arena.set_budget(budget) };
        }
    }

    /// What the arenas hold, without the pool's own records; chunk counts and peaks start anew.
    ///
    /// # Safety
    ///
    /// Nobody uses an arena of the pool meanwhile: there is no guard that is still used.
    pub(super) unsafe fn take_use(&self) -> PoolUse {
        let mut sum = PoolUse::default();
        for seat in self.each_seat() {
            // SAFETY: nobody else may use the arena; the caller says that no guard is in use.
            let arena = unsafe { &*seat.arena.get() };
            sum.used_bytes += arena.used_bytes() - seat.floor.used_bytes();
            sum.peak_bytes += arena.used_peak_bytes() - seat.floor.used_bytes();
            sum.reserved_bytes += arena.reserved_bytes();
            let counts = arena.take_counts();
            sum.counts.warm += counts.warm;
            sum.counts.cold += counts.cold;
        }
        sum
    }

    /// Forgets everything that was allocated through the pool, runs registered destructors, and keeps all memory
    /// warm. A drain point.
    ///
    /// If the pool has several arenas, each keeps [`SHARE_BYTES_KEPT`] for itself, and what it has beyond that goes back, warm, so that
    /// workers whose shares of the work change from round to round find it: they hold what the round needs, not the sum of
    /// what each of them once needed. A pool with one arena keeps all of it.
    ///
    /// Costs a few stores per arena, a call of the memory for each chunk that goes back, and a lock if the calling thread keeps memory
    /// to hand on. Other threads that used the
    /// pool keep what they have for their next pieces until they pass a safepoint of their own
    /// ([`safepoint`](crate::profile::compiler_internal::safepoint)) or end. Guards that were forgotten (`mem::forget`) become free again.
    pub fn reset(&mut self) {
        self.forget_all();
        if self.each_seat().nth(1).is_some() {
            self.each_arena(|arena, _| arena.release_kept_chunks_above(SHARE_BYTES_KEPT));
        }
        self.memory.safepoint();
    }

    /// Empties every arena and makes every seat free.
    fn forget_all(&mut self) {
        self.each_seat().for_each(|seat| seat.taken.store(0, Ordering::Relaxed));
        self.each_arena(|arena, floor| {
            // SAFETY: the checkpoint must be the arena's and nothing may refer to what came after it; it is the one
            // taken when the seat was made, nothing rewinds past it, and the exclusive borrow ended everything of
            // 'pool.
            unsafe { arena.rewind(floor) };
        });
    }

    /// Forgets everything that was allocated through the pool, and treats the memory as `mode` says. A drain point.
    ///
    /// With `KeepUpTo(bytes)`, whole arenas are kept while their sum stays within `bytes`.
    pub fn reset_with(&mut self, mode: ResetMode) {
        let mut left = match mode {
            ResetMode::Keep => return self.reset(),
            ResetMode::KeepUpTo(bytes) => bytes,
            ResetMode::Release => 0,
        };
        self.forget_all();
        self.forget_seats();
        let mut kept: *mut Seat<MIN_ALIGN> = ptr::null_mut();
        let mut at = self.seats.load(Ordering::Relaxed);
        // No seat is found in a freed arena if the memory below unwinds.
        self.seats.store(ptr::null_mut(), Ordering::Relaxed);
        while !at.is_null() {
            let seat = at;
            // SAFETY: the seat must be alive; it is in the list, and the borrow is exclusive.
            at = unsafe { (*seat).next };
            // SAFETY: as above.
            let seat_ref = unsafe { &*seat };
            // SAFETY: nobody else may use the arena; the borrow is exclusive.
            let arena = unsafe { &mut *seat_ref.arena.get() };
            let bytes = arena.reserved_bytes();
            if bytes <= left {
                left -= bytes;
                // SAFETY: as above.
                unsafe { (*seat).next = kept };
                kept = seat;
            } else {
                // SAFETY: the arena must be alive and never used again; the seat leaves the list here. It moves out
                // before it frees its own seat.
                drop(unsafe { ManuallyDrop::take(arena) });
            }
        }
        self.seats.store(kept, Ordering::Relaxed);
        self.memory.safepoint();
    }

    /// Bytes handed out by all arenas since the last reset, without the pool's own records.
    pub fn used_bytes(&mut self) -> usize {
        let mut sum = 0;
        self.each_arena(|arena, floor| sum += arena.used_bytes() - floor.used_bytes());
        sum
    }

    /// Bytes of memory held by all arenas.
    pub fn reserved_bytes(&mut self) -> usize {
        let mut sum = 0;
        self.each_arena(|arena, _| sum += arena.reserved_bytes());
        sum
    }

    /// Takes the arenas out of the pool, one by one; the pool is empty then.
    pub(super) fn drain_arenas(&mut self, mut f: impl FnMut(RawArena<MIN_ALIGN>)) {
        self.forget_seats();
        loop {
            let seat = self.seats.load(Ordering::Relaxed);
            if seat.is_null() {
                return;
            }
            // SAFETY: the seat must be alive; it is in the list, and the borrow is exclusive.
            let rest = unsafe { (*seat).next };
            self.seats.store(rest, Ordering::Relaxed);
            // SAFETY: as above.
            let seat = unsafe { &*seat };
            // SAFETY: nobody else may use the arena; the borrow is exclusive.
            let arena = unsafe { &mut *seat.arena.get() };
            // SAFETY: the arena must never be used again where it is; its seat has just left the list.
            f(unsafe { ManuallyDrop::take(arena) });
        }
    }
}

impl<const MIN_ALIGN: usize> Drop for ArenaPool<MIN_ALIGN> {
    fn drop(&mut self) {
        /// Goes on with the other arenas when a destructor panics.
        struct Rest<'a, const M: usize>(&'a mut ArenaPool<M>);
        impl<const M: usize> Drop for Rest<'_, M> {
            fn drop(&mut self) {
                self.0.drain_arenas(drop);
            }
        }
        let rest = Rest(self);
        rest.0.drain_arenas(drop);
    }
}

impl<const MIN_ALIGN: usize> fmt::Debug for ArenaPool<MIN_ALIGN> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArenaPool").field("arenas", &self.each_seat().count()).finish()
    }
}

/// The exclusive use of one arena of a pool. Dereferences to [`Scope<'pool>`](Scope). Neither `Send` nor `Sync`.
pub struct PoolGuard<'pool, const MIN_ALIGN: usize = 8> {
    seat: &'pool Seat<MIN_ALIGN>,
}

/// What moving a guard to another thread would take. Implemented for nothing: it is here so that the compiler says why.
#[diagnostic::on_unimplemented(
    message = "a pool's guard is one worker's and cannot be sent to another thread or shared",
    note = "call `get` of the pool (`worker` of a pass) on the thread that allocates: it gets an arena of its own"
)]
pub trait ManyWorkers {}

/// What is asked whether it has [`ManyWorkers`], for a guard of type `G`. It has not.
#[derive(Debug)]
pub struct OneWorker<G>(PhantomData<G>);

// SAFETY: sending must leave nothing behind that this thread could use. The condition is never met, so no guard is sent: nobody
// but this crate could implement its trait for its type.
unsafe impl<const MIN_ALIGN: usize> Send for PoolGuard<'_, MIN_ALIGN> where OneWorker<Self>: ManyWorkers {}
// SAFETY: sharing must be free of races. It would not be, because a guard lends its arena; but the condition is never met.
unsafe impl<const MIN_ALIGN: usize> Sync for PoolGuard<'_, MIN_ALIGN> where OneWorker<Self>: ManyWorkers {}

impl<'pool, const MIN_ALIGN: usize> PoolGuard<'pool, MIN_ALIGN> {
    /// Runs `f` with an inner scope of this arena; when it returns or panics, everything allocated inside is gone.
    /// See [`Scope::scope`].
    ///
    /// # Panics
    ///
    /// Goes on with a panic of `f` or of a registered destructor.
    pub fn scope<'env, O>(&mut self, f: impl for<'i> FnOnce(&mut InnerScope<'i, 'env, MIN_ALIGN>) -> O) -> O {
        scope::enter(self.arena_mut(), f)
    }

    /// The arena itself, to open scopes in.
    #[inline(always)]
    pub(super) fn arena_mut(&mut self) -> &mut RawArena<MIN_ALIGN> {
        // SAFETY: nobody else may use the arena; the guard is the seat's only user, and it is borrowed exclusively.
        unsafe { &mut *self.seat.arena.get() }
    }
}

impl<'pool, const MIN_ALIGN: usize> Deref for PoolGuard<'pool, MIN_ALIGN> {
    type Target = Scope<'pool, MIN_ALIGN>;
    #[inline(always)]
    fn deref(&self) -> &Self::Target {
        // SAFETY: nobody may use the arena exclusively; only this guard may use it at all, and `scope` needs the
        // guard exclusively.
        let arena: &ManuallyDrop<RawArena<MIN_ALIGN>> = unsafe { &*self.seat.arena.get() };
        // SAFETY: what is allocated must stay in place for 'pool; inner scopes rewind to moments after it only, and
        // resetting or dropping the pool needs it exclusively, which cannot be while 'pool lasts.
        unsafe { Scope::lend(arena) }
    }
}

impl<const MIN_ALIGN: usize> Drop for PoolGuard<'_, MIN_ALIGN> {
    #[inline]
    fn drop(&mut self) {
        self.seat.leave();
    }
}
