//! The passes without arenas: every node and every list is a `Box` of its own from the global allocator.
//!
//! Rust's own way would be nodes that own their children in boxes, dropped from the root downwards. The passes' nodes are `Copy` and refer
//! to each other, so here each region writes down what it handed out, and frees it when it ends: the same calls of the allocator for the same
//! sizes at about the same times. The list costs 24 bytes a block and a sequential read when it is freed; a tree of boxes would have read
//! each node again, in the tree's order, to find what it owns. A list that grows ([`GrowVec`](passes::memory::GrowVec)) leaves its old storage
//! to the end of the region, as in an arena; a `Vec` would give it back at once.
//!
//! `BoxMemory<false>` frees nothing and keeps no list: what a compiler does that ends after one unit and knows it. What is left is the price
//! of `malloc`.
//!
//! ```text
//! a block is on exactly one list from its allocation until it is freed    (what freeing relies on; only `boxed` adds, only `free` removes)
//! ```

use std::alloc::{Layout, dealloc};
use std::cell::{Cell, RefCell};
use std::mem::needs_drop;
use std::ptr::NonNull;
use std::sync::{Mutex, PoisonError};

use passes::memory::accounts::Accounts;
use passes::memory::{Memory, OutMemory, PassAccount, Region, Scratch, Within};

/// A `Box` for every allocation behind [`Memory`]; `FREES` says whether a region's blocks are freed when it ends, or never.
pub struct BoxMemory<const FREES: bool>;

/// Memory of one former box.
struct Block {
    start: NonNull<u8>,
    layout: Layout,
}

// SAFETY: what a block owns must be usable by any thread. It is memory without a type that may only be freed, and the global allocator lets any
// thread do that.
unsafe impl Send for Block {}

/// What one user of a region was handed out. Dropping it without [`free`](Self::free) leaks.
#[derive(Default)]
struct Blocks<const FREES: bool> {
    list: RefCell<Vec<Block>>,
    used_bytes: Cell<usize>,
}

impl<const FREES: bool> Blocks<FREES> {
    /// Takes over `items`, and lends them for `'r`.
    ///
    /// # Safety
    /// - Until `'r` is over, the blocks are not freed.
    unsafe fn boxed<'r, T>(&self, items: Box<[T]>) -> &'r mut [T] {
        const { assert!(!needs_drop::<T>()) };
        let layout = Layout::for_value(&*items);
        let items = NonNull::from(Box::leak(items));
        if layout.size() > 0 {
            self.used_bytes.set(self.used_bytes.get() + layout.size());
            if FREES {
                self.list.borrow_mut().push(Block { start: items.cast(), layout });
            }
        }
        // SAFETY: the items must be there, and nobody else's, for `'r`. The box was leaked above, and the list's pointer to it is followed by
        // `free` alone; the caller answers for it that this is not before `'r` is over.
        unsafe { &mut *items.as_ptr() }
    }

    /// Frees every block; how many bytes they were.
    ///
    /// # Safety
    /// - Nobody uses what was lent any more.
    unsafe fn free(&mut self) -> usize {
        for block in self.list.get_mut().drain(..) {
            // SAFETY: the memory must come from the global allocator with this layout, and nobody may use it. `boxed` took it from a box of this
            // layout and no list but this had it; that its users are gone the caller answers for.
            unsafe { dealloc(block.start.as_ptr(), block.layout) };
        }
        self.used_bytes.take()
    }

    fn held(&self) -> OutMemory {
        let used_bytes = self.used_bytes.get();
        OutMemory { used_bytes, reserved_bytes: used_bytes }
    }
}

/// Blocks that live as long as they are borrowed.
pub struct BoxScope<'i, const FREES: bool>(&'i Blocks<FREES>);

impl<const FREES: bool> Clone for BoxScope<'_, FREES> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<const FREES: bool> Copy for BoxScope<'_, FREES> {}

impl<'i, const FREES: bool> Region<'i> for BoxScope<'i, FREES> {
    fn slice_fill<T: Copy>(&self, len: usize, value: T) -> &'i mut [T] {
        self.slice_with(len, |_| value)
    }
    fn slice_copy<T: Copy>(&self, items: &[T]) -> &'i mut [T] {
        // SAFETY: the blocks must stay for 'i. They are borrowed for 'i, and `free` wants them alone.
        unsafe { self.0.boxed(Box::from(items)) }
    }
    fn slice_with<T>(&self, len: usize, make: impl FnMut(usize) -> T) -> &'i mut [T] {
        // SAFETY: as in `slice_copy`.
        unsafe { self.0.boxed((0..len).map(make).collect()) }
    }
}

/// What the users of a session's pass were handed out: a list a user, empty between passes.
#[derive(Default)]
pub struct BoxPool<const FREES: bool>(Mutex<Vec<Blocks<FREES>>>);

impl<const FREES: bool> BoxPool<FREES> {
    /// Frees everything; how many bytes it was. The lists stay for the next pass.
    fn free(&mut self) -> usize {
        let lists = self.0.get_mut().unwrap_or_else(PoisonError::into_inner).iter_mut();
        let free = |blocks: &mut Blocks<FREES>| {
            // SAFETY: nobody may use what was lent. It was lent for a lifetime for which the pool is borrowed, and here nobody borrows it.
            unsafe { blocks.free() }
        };
        lists.map(free).sum()
    }
}

/// One worker's part of a pass, whose blocks live as long as the pool is borrowed: they go there when this is dropped.
pub struct BoxOut<'s, const FREES: bool> {
    pool: &'s BoxPool<FREES>,
    blocks: Blocks<FREES>,
}

impl<const FREES: bool> Drop for BoxOut<'_, FREES> {
    fn drop(&mut self) {
        let blocks = std::mem::take(&mut self.blocks);
        self.pool.0.lock().unwrap_or_else(PoisonError::into_inner).push(blocks);
    }
}

impl<'s, const FREES: bool> Region<'s> for BoxOut<'s, FREES> {
    fn slice_fill<T: Copy>(&self, len: usize, value: T) -> &'s mut [T] {
        self.slice_with(len, |_| value)
    }
    fn slice_copy<T: Copy>(&self, items: &[T]) -> &'s mut [T] {
        // SAFETY: the blocks must stay for 's. Only the pool frees them, once this is dropped, and it is borrowed for 's; if this is forgotten,
        // nobody does.
        unsafe { self.blocks.boxed(Box::from(items)) }
    }
    fn slice_with<T>(&self, len: usize, make: impl FnMut(usize) -> T) -> &'s mut [T] {
        // SAFETY: as in `slice_copy`.
        unsafe { self.blocks.boxed((0..len).map(make).collect()) }
    }
}

/// The blocks of a scope: freed when this is dropped, also by a panic.
struct Scoped<'w, const FREES: bool>(&'w mut Blocks<FREES>);

impl<const FREES: bool> Drop for Scoped<'_, FREES> {
    fn drop(&mut self) {
        // SAFETY: nobody may use what was lent. It was lent while this was borrowed, and here it is not.
        unsafe { self.0.free() };
    }
}

/// A worker's scratch memory, freed after each scope.
pub struct BoxScratch<'w, const FREES: bool>(&'w mut Blocks<FREES>);

impl<const FREES: bool> Scratch for BoxScratch<'_, FREES> {
    type Scope<'i> = BoxScope<'i, FREES>;

    fn scope<O>(&mut self, body: impl for<'i> FnOnce(&BoxScope<'i, FREES>) -> O) -> O {
        let scoped = Scoped(self.0);
        body(&BoxScope(&*scoped.0))
    }

    fn scope_within<'env, O>(
        &mut self,
        body: impl for<'i> FnOnce(&BoxScope<'i, FREES>, Within<'i, 'env>) -> O,
    ) -> O {
        let scoped = Scoped(self.0);
        body(&BoxScope(&*scoped.0), Within::default())
    }
}

/// Blocks of the pass, and accounts.
#[derive(Default)]
pub struct BoxSession<const FREES: bool> {
    out: BoxPool<FREES>,
    accounts: Accounts,
}

/// One thread's share of a pass.
pub struct BoxWorker<'s, const FREES: bool> {
    out: BoxOut<'s, FREES>,
    scratch: Blocks<FREES>,
}

impl<const FREES: bool> Memory for BoxMemory<FREES> {
    const NAME: &'static str = if FREES { "box" } else { "box-leaked" };
    type Session = BoxSession<FREES>;
    type Pass<'p, 's>
        = &'s BoxPool<FREES>
    where
        's: 'p;
    type Worker<'p, 's>
        = BoxWorker<'s, FREES>
    where
        's: 'p;
    type Scratch<'w> = BoxScratch<'w, FREES>;
    type Out<'s> = BoxOut<'s, FREES>;
    type Unit<'w> = BoxScope<'w, FREES>;

    fn pass<O>(
        session: &mut BoxSession<FREES>,
        name: &'static str,
        body: impl for<'p, 's> FnOnce(&&'s BoxPool<FREES>) -> O,
    ) -> O {
        let result = body(&&session.out);
        let used_bytes = session.out.free();
        session.accounts.add_run(name, used_bytes, used_bytes);
        result
    }
    fn worker<'p, 's: 'p>(pass: &&'s BoxPool<FREES>) -> BoxWorker<'s, FREES> {
        let kept = pass.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        BoxWorker { out: BoxOut { pool: pass, blocks: kept.unwrap_or_default() }, scratch: Blocks::default() }
    }
    fn split<'w, 'p, 's: 'p>(
        worker: &'w mut BoxWorker<'s, FREES>,
    ) -> (BoxScratch<'w, FREES>, &'w BoxOut<'s, FREES>) {
        (BoxScratch(&mut worker.scratch), &worker.out)
    }
    fn unit<'w>(out: &'w BoxOut<'_, FREES>) -> BoxScope<'w, FREES> {
        BoxScope(&out.blocks)
    }
    fn held(out: &BoxOut<'_, FREES>) -> OutMemory {
        out.blocks.held()
    }
    fn take_accounts(session: &mut BoxSession<FREES>) -> Vec<PassAccount> {
        session.accounts.take()
    }
}
