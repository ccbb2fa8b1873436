//! A memory around another that counts what the passes ask for: equal counts over all memories show that all did the same work.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use passes::memory::{Memory, OutMemory, PassAccount, Region, Scratch, Within};

/// `M`, counted for the whole process.
pub struct Counted<M>(M);

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);

/// What the passes have asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// How often: nodes, lists that are complete, tables. What is empty is not counted, because no memory is wanted.
    pub allocations: u64,
    /// How many bytes.
    pub bytes: u64,
}

impl Asked {
    /// Since the process began, by every [`Counted`] memory.
    pub fn so_far() -> Self {
        Self { allocations: ALLOCATIONS.load(Relaxed), bytes: BYTES.load(Relaxed) }
    }
}

/// A region whose users are counted.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct CountedRegion<R>(R);

impl<R> CountedRegion<R> {
    fn of(region: &R) -> &Self {
        let region: *const R = region;
        // SAFETY: the types must have one layout, and what is pointed to must live as long as the result. The wrapper is transparent, and both
        // references have the lifetime of the argument.
        unsafe { &*region.cast::<Self>() }
    }

    fn counted<'r, T>(&self, items: &'r mut [T]) -> &'r mut [T] {
        let bytes = size_of_val(items) as u64;
        ALLOCATIONS.fetch_add(u64::from(bytes > 0), Relaxed);
        BYTES.fetch_add(bytes, Relaxed);
        items
    }
}

impl<'r, R: Region<'r>> Region<'r> for CountedRegion<R> {
    fn slice_fill<T: Copy>(&self, len: usize, value: T) -> &'r mut [T] {
        self.counted(self.0.slice_fill(len, value))
    }
    fn slice_copy<T: Copy>(&self, items: &[T]) -> &'r mut [T] {
        self.counted(self.0.slice_copy(items))
    }
    fn slice_with<T>(&self, len: usize, make: impl FnMut(usize) -> T) -> &'r mut [T] {
        self.counted(self.0.slice_with(len, make))
    }
}

/// Scratch memory whose scopes are counted.
pub struct CountedScratch<S>(S);

impl<S: Scratch> Scratch for CountedScratch<S> {
    type Scope<'i> = CountedRegion<S::Scope<'i>>;

    fn scope<O>(&mut self, body: impl for<'i> FnOnce(&Self::Scope<'i>) -> O) -> O {
        self.0.scope(|region| body(CountedRegion::of(region)))
    }
    fn scope_within<'env, O>(
        &mut self,
        body: impl for<'i> FnOnce(&Self::Scope<'i>, Within<'i, 'env>) -> O,
    ) -> O {
        self.0.scope_within(|region, within| body(CountedRegion::of(region), within))
    }
}

impl<M: Memory> Memory for Counted<M> {
    const NAME: &'static str = M::NAME;
    type Session = M::Session;
    type Pass<'p, 's>
        = M::Pass<'p, 's>
    where
        's: 'p;
    type Worker<'p, 's>
        = M::Worker<'p, 's>
    where
        's: 'p;
    type Scratch<'w> = CountedScratch<M::Scratch<'w>>;
    type Out<'s> = CountedRegion<M::Out<'s>>;
    type Unit<'w> = CountedRegion<M::Unit<'w>>;

    fn pass<O>(
        session: &mut M::Session,
        name: &'static str,
        body: impl for<'p, 's> FnOnce(&M::Pass<'p, 's>) -> O,
    ) -> O {
        M::pass(session, name, body)
    }
    fn worker<'p, 's: 'p>(pass: &M::Pass<'p, 's>) -> M::Worker<'p, 's> {
        M::worker(pass)
    }
    fn split<'w, 'p, 's: 'p>(worker: &'w mut M::Worker<'p, 's>) -> (Self::Scratch<'w>, &'w Self::Out<'s>) {
        let (scratch, out) = M::split(worker);
        (CountedScratch(scratch), CountedRegion::of(out))
    }
    fn unit<'w>(out: &'w Self::Out<'_>) -> Self::Unit<'w> {
        CountedRegion(M::unit(&out.0))
    }
    fn held(out: &Self::Out<'_>) -> OutMemory {
        M::held(&out.0)
    }
    fn take_accounts(session: &mut M::Session) -> Vec<PassAccount> {
        M::take_accounts(session)
    }
}
