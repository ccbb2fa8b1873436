//! `Sealed`: a finished result that owns the memory it lies in.
//!
//! Why a closure can be trusted with it:
//!
//! - The closure must work *for every* lifetime `'a`, so the result can hold only what the builder allocated and
//!   what lives for `'static`.
//! - What can allocate (the builder's handle, a guard of a parallel build) is borrowed for a lifetime of its own, which no
//!   result can name, so it cannot be part of the result. That it is not `Send` would not do: there are wrappers that are
//!   `Send` and `Sync` whatever they hold, and look at the thread at run time.
//! - No part of the result has a destructor (checked at compile time), so nothing of it runs when its memory goes.
//! - Readers see the result with a lifetime shortened by [`Family::shorten`], safe code that compiles only if the
//!   result is covariant: a `Cell<&'a _>`, through which a short reference could be stored, is refused.
//!
//! The record of a sealed result is the first object in its own memory. Sealing gives the unused tail to the
//! thread's next arena, so that small results lie packed.

use super::alloc::{InitError, NoDrop};
use super::chunk;
use super::drops::DropList;
use super::memory::{ArenaMemory, PIECE_ALIGN};
use super::pool::{ArenaPool, PoolGuard};
use super::raw::{Holdings, RawArena, RawChunk, raise};
use super::scope::{InnerScope, Scope};
use crate::fault::Fault;
use crate::span::Holder;
use crate::sync::{AtomicU32, Ordering, fence};
use core::alloc::Layout;
use core::convert::Infallible;
use core::fmt;
use core::marker::PhantomData;
use core::ops::Deref;
use core::ptr::NonNull;

/// A type with a lifetime parameter, named without it: how a [`Sealed`] result says what it holds.
///
/// ```
/// struct Names;
/// impl compiler_alloc::Family for Names {
///     type Of<'a> = &'a [&'a str];
///     fn shorten<'s, 'l: 's>(long: &'s Self::Of<'l>) -> &'s Self::Of<'s> {
///         long
///     }
/// }
/// ```
pub trait Family: 'static {
    /// The result with its references living for `'a`.
    type Of<'a>: 'a;

    /// The same reference with shorter lifetimes. Always written as `{ long }`; it compiles exactly if `Of` is
    /// covariant.
    fn shorten<'s, 'l: 's>(long: &'s Self::Of<'l>) -> &'s Self::Of<'s>;
}

/// How much memory a result takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HeapSize {
    /// Bytes of objects, padding included.
    pub used: usize,
    /// Bytes of memory held.
    pub reserved: usize,
}

/// What a sealed result needs to count its owners and to give its memory back. Knows nothing of the result's type,
/// because results have no destructors.
struct Record {
    owners: AtomicU32,
    /// How much more than `used` is held, in whole units of `PIECE_ALIGN` (exact up to 64 GiB); held bytes are a
    /// multiple of it.
    slack: u32,
    used: usize,
    memory: &'static dyn ArenaMemory,
    /// Chunks, linked by `next`, or that of the newest large object if there is no other. The first one's `prev`, which nothing else needs any more, leads to the chunks of
    /// large objects, linked by `prev`.
    chunks: Option<RawChunk>,
    drops: DropList,
    /// The sealed result that this one refers to, of which it is an owner.
    parent: Option<NonNull<Record>>,
}

/// More handles than this to one result are refused. Far below the count's end, so that no number of threads that fail
/// at the same time can wrap it around.
const OWNERS_MAX: u32 = u32::MAX / 2;

impl Record {
    fn size(&self) -> HeapSize {
        let held = self.used + self.slack as usize * PIECE_ALIGN;
        HeapSize { used: self.used, reserved: held.next_multiple_of(PIECE_ALIGN) }
    }
}

/// A record, then the result.
#[repr(C)]
struct Body<T> {
    record: Record,
    root: T,
}

/// A finished result that owns the memory it lies in: `'static`, `Send`, `Sync`, cheap to clone and to drop on any
/// thread.
///
/// Built only by closures; see [`build`](Self::build). It cannot allocate. [`heap_size`](Self::heap_size) is
/// constant time.
///
/// ```
/// use compiler_alloc::{Family, Sealed};
///
/// struct Tree<'a> { name: &'a str, children: &'a [Tree<'a>] }
/// struct TreeFamily;
/// impl Family for TreeFamily {
///     type Of<'a> = Tree<'a>;
///     fn shorten<'s, 'l: 's>(long: &'s Tree<'l>) -> &'s Tree<'s> { long }
/// }
///
/// let sealed = Sealed::<TreeFamily>::build(|b| {
///     let children = b.alloc_slice_fill_iter(["left", "right"].map(|name| Tree { name: b.alloc_str(name), children: &[] }));
///     Tree { name: "root", children }
/// });
/// let elsewhere = sealed.clone();
/// let names = std::thread::spawn(move || elsewhere.get().children.iter().map(|tree|
/// tree.name.len()).sum::<usize>()); assert_eq!(names.join().unwrap(), 9); assert_eq!(sealed.get().name, "root");
/// ```
pub struct Sealed<R: Family> {
    body: NonNull<Body<R::Of<'static>>>,
    owns: PhantomData<R::Of<'static>>,
}

// SAFETY: a sealed result may move between threads if its parts may; `build` and its kin demand `Send + Sync` for
// every lifetime, the count of owners is atomic, registered destructors are of `Send` types, and memory may be
// given back by any thread.
unsafe impl<R: Family> Send for Sealed<R> {}
// SAFETY: as for `Send`; shared access reads only.
unsafe impl<R: Family> Sync for Sealed<R> {}

impl<R: Family> Sealed<R> {
    /// Builds a result over `memory`; see [`build`](Self::build).
    ///
    /// # Panics
    ///
    /// If memory is exhausted, or with `f`; then nothing is left behind.
    pub fn build_in(
        memory: &'static dyn ArenaMemory,
        f: impl for<'a> FnOnce(&mut Scope<'a>) -> R::Of<'a>,
    ) -> Self
    where
        for<'z> R::Of<'z>: Send + Sync,
    {
        const { NoDrop::<R::Of<'static>>::RESULT };
        match Self::try_build_in(memory, |builder| Ok::<_, Infallible>(f(builder))) {
            Ok(sealed) => sealed,
            Err(InitError::Alloc(fault)) => raise(&fault),
            Err(InitError::Init(never)) => match never {},
        }
    }

    /// Builds a result over `memory`, if `f` does not answer an error.
    ///
    /// # Errors
    ///
    /// What `f` answers, or a fault if there is no memory for the result's record; then nothing is left behind. `f`
    /// learns of faults through the
    /// `try_` calls of the builder.
    pub fn try_build_in<E>(
        memory: &'static dyn ArenaMemory,
        f: impl for<'a> FnOnce(&mut Scope<'a>) -> Result<R::Of<'a>, E>,
    ) -> Result<Self, InitError<E>>
    where
        for<'z> R::Of<'z>: Send + Sync,
    {
        const { NoDrop::<R::Of<'static>>::RESULT };
        Self::build_with_parent(memory, None, f)
    }

    /// Builds a result that may refer to this one, and keeps this one alive as long as it lives.
    ///
    /// # Panics
    ///
    /// If memory is exhausted, or with `f`; then nothing is left behind.
    pub fn extend<N: Family>(
        &self,
        f: impl for<'a> FnOnce(&mut Scope<'a>, &'a R::Of<'a>) -> N::Of<'a>,
    ) -> Sealed<N>
    where
        for<'z> N::Of<'z>: Send + Sync,
    {
        const { NoDrop::<N::Of<'static>>::RESULT };
        match self.try_extend::<N, Infallible>(|builder, parent| Ok(f(builder, parent))) {
            Ok(sealed) => sealed,
            Err(InitError::Alloc(fault)) => raise(&fault),
            Err(InitError::Init(never)) => match never {},
        }
    }

    /// Builds a result that may refer to this one, if `f` does not answer an error; see [`extend`](Self::extend).
    ///
    /// # Errors
    ///
    /// What `f` answers, or a fault if there is no memory for the result's record.
    pub fn try_extend<N: Family, E>(
        &self,
        f: impl for<'a> FnOnce(&mut Scope<'a>, &'a R::Of<'a>) -> Result<N::Of<'a>, E>,
    ) -> Result<Sealed<N>, InitError<E>>
    where
        for<'z> N::Of<'z>: Send + Sync,
    {
        const { NoDrop::<N::Of<'static>>::RESULT };
        let parent = self.clone();
        let body = parent.body;
        let memory = parent.record().memory;
        Sealed::<N>::build_with_parent(memory, Some(parent.into_record()), move |builder| {
            // SAFETY: the result must stay in place for as long as the closure's lifetime may be taken to last; the
            // new result is an owner of it.
            let root: &'static R::Of<'static> = unsafe { &body.as_ref().root };
            f(builder, R::shorten(root))
        })
    }

    /// What `try_build_in` and `try_extend` share. Takes over one ownership of `parent`, also when it fails.
    fn build_with_parent<E>(
        memory: &'static dyn ArenaMemory,
        parent: Option<NonNull<Record>>,
        f: impl FnOnce(&mut Scope<'static>) -> Result<R::Of<'static>, E>,
    ) -> Result<Self, InitError<E>> {
        const { NoDrop::<R::Of<'static>>::RESULT };
        let parent = Parent(parent);
        let mut arena = RawArena::new_in(memory);
        // The record's room comes first, so that nothing can fail once the result is there.
        let room = arena.try_alloc_layout(Layout::new::<Body<R::Of<'static>>>()).map_err(InitError::Alloc)?;
        // SAFETY: what is allocated must stay in place while references to it are used, and no second exclusive
        // handle may carry the brand; the result is dropped with its memory, and every caller's closure accepts any
        // brand, so it can neither keep a reference elsewhere nor have another handle with the same one.
        let builder = unsafe { Scope::<'static>::lend_mut(&mut arena) };
        let root = f(builder).map_err(InitError::Init)?;
        Ok(Self::publish(room.cast(), root, arena.seal(), parent.pass_on()))
    }

    /// Builds a result with a pool of arenas over `memory`, for closures that work in parallel; see
    /// [`build_pool`](Self::build_pool).
    ///
    /// # Panics
    ///
    /// If memory is exhausted, or with `f`; then nothing is left behind.
    pub fn build_pool_in(
        memory: &'static dyn ArenaMemory,
        f: impl for<'a, 'h> FnOnce(&'h PoolBuilder<'a>) -> R::Of<'a>,
    ) -> Self
    where
        for<'z> R::Of<'z>: Send + Sync,
    {
        const { NoDrop::<R::Of<'static>>::RESULT };
        match Self::try_build_pool_in(memory, |builder| Ok::<_, Infallible>(f(builder))) {
            Ok(sealed) => sealed,
            Err(InitError::Alloc(fault)) => raise(&fault),
            Err(InitError::Init(never)) => match never {},
        }
    }

    /// Builds a result with a pool of arenas over `memory`, if `f` does not answer an error.
    ///
    /// # Errors
    ///
    /// What `f` answers, or a fault if there is no memory for the result's record; then nothing is left behind.
    pub fn try_build_pool_in<E>(
        memory: &'static dyn ArenaMemory,
        f: impl for<'a, 'h> FnOnce(&'h PoolBuilder<'a>) -> Result<R::Of<'a>, E>,
    ) -> Result<Self, InitError<E>>
    where
        for<'z> R::Of<'z>: Send + Sync,
    {
        const { NoDrop::<R::Of<'static>>::RESULT };
        let mut builder = PoolBuilder { pool: ArenaPool::new_in(memory), brand: PhantomData };
        let room = match builder.pool.try_get() {
            Ok(guard) => guard.try_alloc_layout(Layout::new::<Body<R::Of<'static>>>()),
            Err(fault) => Err(fault),
        };
        let room = room.map_err(InitError::Alloc)?;
        let root = {
            let builder: *const PoolBuilder<'static> = &builder;
            // SAFETY: the reference must be valid while it is used; the closure must accept every lifetime, so it
            // cannot keep it.
            f(unsafe { &*builder }).map_err(InitError::Init)?
        };
        let mut all: Option<Holdings> = None;
        builder.pool.drain_arenas(|arena| {
            let holdings = arena.seal();
            all = Some(match all.take() {
                Some(sum) => sum.join(holdings),
                None => holdings,
            });
        });
        match all {
            Some(holdings) => Ok(Self::publish(room.cast(), root, holdings, None)),
            None => unreachable!("the record lies in an arena of the pool"),
        }
    }

    /// Writes the record and the result into their room, which lies in `holdings`.
    fn publish(
        body: NonNull<Body<R::Of<'static>>>,
        root: R::Of<'static>,
        holdings: Holdings,
        parent: Option<NonNull<Record>>,
    ) -> Self {
        if let Some(first) = holdings.first {
            first.header().prev.set(holdings.large);
        }
        // Without small objects the newest large one's chunk stands for the first; its `prev` leads to the others.
        let slack = (holdings.reserved - holdings.used) / PIECE_ALIGN;
        let record = Record {
            owners: AtomicU32::new(1),
            slack: u32::try_from(slack).unwrap_or(u32::MAX),
            used: holdings.used,
            memory: holdings.memory,
            chunks: holdings.first.or(holdings.large),
            drops: holdings.drops,
            parent,
        };
        holdings.memory.note_sealed(holdings.reserved);
        // SAFETY: the place must be valid for writes, aligned and unused; both builders allocated it for this type
        // and used it for nothing else.
        unsafe { body.write(Body { record, root }) };
        Self { body, owns: PhantomData }
    }

    fn record(&self) -> &Record {
        // SAFETY: the record must be alive; it lives until its last owner is gone, and `self` is one.
        unsafe { &self.body.as_ref().record }
    }

    /// Gives up this owner's handle but not its ownership.
    fn into_record(self) -> NonNull<Record> {
        let body = self.body;
        core::mem::forget(self);
        body.cast()
    }

    /// The result.
    #[inline]
    pub fn get(&self) -> &R::Of<'_> {
        // SAFETY: the result must be alive and never written; it lives until its last owner is gone, and only
        // shared references are given out.
        let root = unsafe { &self.body.as_ref().root };
        R::shorten(root)
    }

    /// How much memory the result takes, without results that it extends. Constant time.
    #[inline]
    pub fn heap_size(&self) -> HeapSize {
        self.record().size()
    }

    /// Whether both handles stand for the same result.
    #[inline]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        self.body == other.body
    }
}

impl<R: Family> Clone for Sealed<R> {
    /// Another handle to the same result. One atomic increment.
    #[inline]
    fn clone(&self) -> Self {
        // Relaxed: whoever clones already holds an owner, so the count cannot reach zero meanwhile.
        let owners = &self.record().owners;
        if owners.fetch_add(1, Ordering::Relaxed) >= OWNERS_MAX {
            // Forgetting handles in a loop must not wrap the count around; nor must refusing them.
            owners.fetch_sub(1, Ordering::Relaxed);
            panic!("too many handles to one sealed result");
        }
        Self { body: self.body, owns: PhantomData }
    }
}

impl<R: Family> Drop for Sealed<R> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: one ownership must be given up that is not used again; this handle's is.
        unsafe { disown(self.body.cast()) };
    }
}

impl<R: Family> fmt::Debug for Sealed<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealed").field("heap_size", &self.heap_size()).finish_non_exhaustive()
    }
}

/// Gives up one ownership of a result; the last one gives its memory back, and then one ownership of its parent,
/// and so on.
///
/// # Safety
///
/// The caller holds one ownership of the result and does not use it afterwards.
unsafe fn disown(record: NonNull<Record>) {
    let mut at = Some(record);
    while let Some(record) = at {
        // SAFETY: the record must be alive; the caller, or the result before in this loop, holds an ownership.
        let owners = unsafe { &record.as_ref().owners };
        // Release: what this thread read of the result happens before its memory is reused.
        if owners.fetch_sub(1, Ordering::Release) != 1 {
            return;
        }
        fence(Ordering::Acquire);
        // SAFETY: the record must be alive and unused by others; the last ownership is ours.
        at = unsafe { end(record) };
    }
}

/// Runs a result's destructors and gives its memory back. Answers its parent, with the ownership of it.
///
/// # Safety
///
/// Nobody owns the result any more.
#[cold]
unsafe fn end(record: NonNull<Record>) -> Option<NonNull<Record>> {
    // SAFETY: the record must be readable and not be dropped twice; nobody else knows it any more, and moving it
    // out takes it out of the memory that it describes.
    let record = unsafe { record.read() };
    /// Gives everything back, also when a destructor panics.
    struct GiveBack(Record, Parent);
    impl Drop for GiveBack {
        fn drop(&mut self) {
            let memory = self.0.memory;
            let mut large = self.0.chunks.and_then(|first| first.header().prev.take());
            while let Some(chunk) = large {
                large = chunk.header().prev.get();
                // SAFETY: this memory must have lent the piece and nothing may refer to it; the result was made
                // with this memory and has ended.
                unsafe { chunk.give_back(memory, Holder::Sealed) };
            }
            // SAFETY: as above, for each of them.
            unsafe { chunk::give_back_from(self.0.chunks.take(), memory, Holder::Sealed) };
        }
    }
    let mut give_back = GiveBack(record, Parent(None));
    give_back.1 = Parent(give_back.0.parent.take());
    // SAFETY: every entry may run and nothing may use the values afterwards; the result has ended.
    unsafe { give_back.0.drops.run_until(None) };
    core::mem::take(&mut give_back.1).pass_on()
}

/// One ownership of a result, given up when dropped.
#[derive(Default)]
struct Parent(Option<NonNull<Record>>);

impl Parent {
    /// Hands the ownership to the caller.
    fn pass_on(mut self) -> Option<NonNull<Record>> {
        self.0.take()
    }
}

impl Drop for Parent {
    fn drop(&mut self) {
        if let Some(record) = self.0.take() {
            // SAFETY: one ownership must be given up that is not used again; this value held it.
            unsafe { disown(record) };
        }
    }
}

impl Holdings {
    /// Both arenas' memory as one. Destructors of `other` run first.
    fn join(self, other: Self) -> Self {
        if let (Some(last), Some(_)) = (other.last, self.first) {
            last.header().next.set(self.first);
        }
        let mut oldest = other.large;
        while let Some(chunk) = oldest {
            oldest = chunk.header().prev.get();
            if oldest.is_none() {
                chunk.header().prev.set(self.large);
            }
        }
        other.drops.append(self.drops);
        Self {
            memory: self.memory,
            first: other.first.or(self.first),
            last: self.last.or(other.last),
            large: other.large.or(self.large),
            drops: other.drops,
            used: self.used + other.used,
            reserved: self.reserved + other.reserved,
        }
    }
}

/// The handle that [`Sealed::build_pool`] lends: `Sync`, so that workers can share it, and tied to a lifetime of
/// its own, so that it cannot be part of the result.
pub struct PoolBuilder<'a> {
    pool: ArenaPool<8>,
    brand: PhantomData<fn(&'a ()) -> &'a ()>,
}

impl<'a> PoolBuilder<'a> {
    /// An arena for the calling worker alone, until the guard is dropped. What it allocates is part of the result's
    /// memory.
    ///
    /// # Panics
    ///
    /// If there is no free arena and no memory for a new one.
    pub fn get<'h>(&'h self) -> BuilderGuard<'h, 'a> {
        match self.try_get() {
            Ok(guard) => guard,
            Err(fault) => raise(&fault),
        }
    }

    /// An arena for the calling worker alone, until the guard is dropped.
    ///
    /// # Errors
    ///
    /// A fault if there is no free arena and no memory for a new one.
    pub fn try_get<'h>(&'h self) -> Result<BuilderGuard<'h, 'a>, Fault> {
        let pool: *const ArenaPool<8> = &self.pool;
        // SAFETY: the pool must stay in place while the guard is used, and what is allocated for 'a; the guard ends with
        // the borrow of this handle, which the closure that got it cannot keep, and the memory then passes to the sealed
        // result.
        let guard = unsafe { &*pool }.try_get()?;
        Ok(BuilderGuard { guard, builder: PhantomData })
    }
}

/// The exclusive use of one arena of a result that is being built: what [`PoolBuilder::get`] answers. Dereferences to
/// [`Scope<'a>`](Scope). Neither `Send` nor `Sync`.
///
/// What it allocates lives for `'a`; the guard itself for `'h`, the borrow of the builder, which no result can name. So
/// it is not part of the result, in whatever wrapper.
pub struct BuilderGuard<'h, 'a> {
    guard: PoolGuard<'a>,
    builder: PhantomData<&'h PoolBuilder<'a>>,
}

impl<'a> BuilderGuard<'_, 'a> {
    /// Runs `f` with an inner scope of this arena; when it returns or panics, everything allocated inside is gone.
    /// See [`Scope::scope`].
    ///
    /// # Panics
    ///
    /// Goes on with a panic of `f` or of a registered destructor.
    pub fn scope<'env, O>(&mut self, f: impl for<'i> FnOnce(&mut InnerScope<'i, 'env>) -> O) -> O {
        self.guard.scope(f)
    }
}

impl<'a> Deref for BuilderGuard<'_, 'a> {
    type Target = Scope<'a>;
    #[inline(always)]
    fn deref(&self) -> &Self::Target {
        &self.guard
    }
}

impl fmt::Debug for PoolBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pool.fmt(f)
    }
}
