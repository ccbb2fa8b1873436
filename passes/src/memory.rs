//! Where the passes get their memory from: one trait in the shape of `compiler_alloc::{Session, Pass, Worker}`, so that the same
//! passes run over different allocators.
//!
//! | memory | lives until | used for |
//! |---|---|---|
//! | `out` of pass `lex` | the round of the session of files ends | files and their tokens, spellings: read by all workers |
//! | scratch of pass `lex` | a file is lexed | tables that grow meanwhile |
//! | `out` of pass `preprocess` | the unit ends: it is a round of the worker's own session | text of the main file if it is not mapped, macro tables, tokens in flight, spellings made by `#` and `##` |
//! | scratch of pass `preprocess` | one top-level expansion or directive ends | macro arguments, replacement lists, the context stack |
//! | `out` of pass `parse` | the unit ends | names of the file and what they stand for; trees, if they are kept |
//! | scratch of pass `parse` | a declaration at the top of the unit ends | its tree, lists in the making, names of its blocks; what the check needs of it |
//! | `out` of pass `check` | the unit ends | types, each once; layouts of records |
//!
//! The passes run at the same time, because a file is lexed when somebody includes it and the parser takes tokens one by one; hence a
//! session for each.
//! Everything the passes put there is `Copy`, so no destructor is ever skipped.

pub mod accounts;
pub mod arenas;
#[cfg(feature = "bumpalo")]
pub mod bump;
pub mod grow;
pub mod shared_table;

pub use compiler_alloc::arena::PassAccount;
pub use grow::GrowVec;

/// A place to allocate from whose allocations live for `'r`.
pub trait Region<'r> {
    /// A slice of `len` copies of `value`.
    fn slice_fill<T: Copy>(&self, len: usize, value: T) -> &'r mut [T];

    /// A copy of `items`.
    fn slice_copy<T: Copy>(&self, items: &[T]) -> &'r mut [T];

    /// A slice of `len` items made by `make`. `T` must not need a destructor.
    fn slice_with<T>(&self, len: usize, make: impl FnMut(usize) -> T) -> &'r mut [T];
}

impl<'r, R: Region<'r>> Region<'r> for &R {
    #[inline]
    fn slice_fill<T: Copy>(&self, len: usize, value: T) -> &'r mut [T] {
        (**self).slice_fill(len, value)
    }
    #[inline]
    fn slice_copy<T: Copy>(&self, items: &[T]) -> &'r mut [T] {
        (**self).slice_copy(items)
    }
    #[inline]
    fn slice_with<T>(&self, len: usize, make: impl FnMut(usize) -> T) -> &'r mut [T] {
        (**self).slice_with(len, make)
    }
}

/// A worker's scratch memory, by scopes only.
pub trait Scratch {
    /// What a scope lends.
    type Scope<'i>: Region<'i>;

    /// Runs `body` with a region of its own, and takes back everything allocated there when it returns.
    fn scope<O>(&mut self, body: impl for<'i> FnOnce(&Self::Scope<'i>) -> O) -> O;

    /// The same for data that refers to what outlives the scope: `'env` does, as the second argument proves.
    fn scope_within<'env, O>(
        &mut self,
        body: impl for<'i> FnOnce(&Self::Scope<'i>, Within<'i, 'env>) -> O,
    ) -> O;
}

/// What the `out` part of a thread's share holds.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct OutMemory {
    /// Bytes asked for since it was empty, padding included.
    pub used_bytes: usize,
    /// Bytes held for that, used or not.
    pub reserved_bytes: usize,
}

/// What all arenas of a process hold.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct ArenaUse {
    /// Bytes of memory that arenas hold, used or not.
    pub live_bytes: u64,
    /// Bytes of memory that can be used without asking the system.
    pub committed_bytes: u64,
}

/// Says that `'env` outlives `'i`: a function that takes it may use one where the other is wanted.
#[derive(Clone, Copy, Default, Debug)]
pub struct Within<'i, 'env: 'i>(std::marker::PhantomData<&'i &'env ()>);

/// A family of allocators for the passes.
///
/// `'s` is how long a round of the session lasts, `'p` how long the pass, `'w` a borrow of the worker.
pub trait Memory: 'static {
    /// The name in reports.
    const NAME: &'static str;
    /// Owns the memory, empty and warm between rounds, and the accounts.
    type Session: Default + Send;
    /// A running pass: threads ask it for their share.
    type Pass<'p, 's>: Sync
    where
        's: 'p;
    /// One thread's share of a pass.
    type Worker<'p, 's>
    where
        's: 'p;
    /// The scratch part of a share.
    type Scratch<'w>: Scratch;
    /// The part of a share that stays until the round ends.
    type Out<'s>: Region<'s>;
    /// The same for the time of a borrow.
    type Unit<'w>: Region<'w> + Copy;

    /// Runs pass `name` in a round of its own. What it allocated is gone when this returns, and the memory stays warm.
    fn pass<O>(
        session: &mut Self::Session,
        name: &'static str,
        body: impl for<'p, 's> FnOnce(&Self::Pass<'p, 's>) -> O,
    ) -> O;

    /// The calling thread's share of `pass`.
    fn worker<'p, 's: 'p>(pass: &Self::Pass<'p, 's>) -> Self::Worker<'p, 's>;

    /// The two parts of a share.
    fn split<'w, 'p, 's: 'p>(worker: &'w mut Self::Worker<'p, 's>) -> (Self::Scratch<'w>, &'w Self::Out<'s>);

    /// `out` for the time of a borrow.
    fn unit<'w>(out: &'w Self::Out<'_>) -> Self::Unit<'w>;

    /// What `out` holds now. Constant time.
    fn held(out: &Self::Out<'_>) -> OutMemory;

    /// What all arenas of the process hold, if the family knows.
    fn arena_use() -> Option<ArenaUse> {
        None
    }

    /// What passes that have ended did, in the order of their first run, since this was last asked. What the family
    /// does not know is zero.
    fn take_accounts(session: &mut Self::Session) -> Vec<PassAccount>;
}
