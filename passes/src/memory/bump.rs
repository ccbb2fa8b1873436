//! The peer in measurements: the same passes over bumpalo, used the way its users do (`reset` between units).

use super::accounts::Accounts;
use super::{Memory, OutMemory, PassAccount, Region, Scratch, Within};
use bumpalo::Bump;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

/// bumpalo behind [`Memory`].
pub struct BumpMemory;

/// One `Bump` per concurrent user; a `Bump` is with one guard or idle here, and is freed with the pool.
#[derive(Default)]
pub struct BumpPool {
    // Boxed, because references into a guard's `Bump` must outlive its moves between guard and pool.
    #[allow(clippy::vec_box, reason = "a `Bump` must not move while its guard's allocations live")]
    idle: Mutex<Vec<Box<Bump>>>,
}

impl BumpPool {
    fn borrow(&self) -> Borrowed<'_> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Borrowed { pool: self, bump: Some(idle.unwrap_or_default()) }
    }

    /// Resets all, and returns the bytes that were allocated and those that were held.
    fn reset(&mut self) -> (usize, usize) {
        let idle = self.idle.get_mut().unwrap_or_else(PoisonError::into_inner);
        let (mut used, mut reserved) = (0, 0);
        for bump in idle {
            let memory = held(bump);
            used += memory.used_bytes;
            reserved += memory.reserved_bytes;
            bump.reset();
        }
        (used, reserved)
    }
}

fn held(bump: &Bump) -> OutMemory {
    OutMemory {
        // bumpalo counts whole chunks; what is free in the last one was not used.
        used_bytes: bump.allocated_bytes().saturating_sub(bump.chunk_capacity()),
        reserved_bytes: bump.allocated_bytes_including_metadata(),
    }
}

/// A `Bump` that goes back to its pool when this is dropped.
struct Borrowed<'p> {
    pool: &'p BumpPool,
    bump: Option<Box<Bump>>,
}

impl Deref for Borrowed<'_> {
    type Target = Bump;
    fn deref(&self) -> &Bump {
        self.bump.as_deref().expect("the bump is taken only by drop")
    }
}

impl DerefMut for Borrowed<'_> {
    fn deref_mut(&mut self) -> &mut Bump {
        self.bump.as_deref_mut().expect("the bump is taken only by drop")
    }
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        if let Some(bump) = self.bump.take() {
            self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner).push(bump);
        }
    }
}

/// One worker's exclusive `Bump` of a [`BumpPool`], whose allocations live as long as the pool is borrowed.
pub struct BumpGuard<'p> {
    bump: Borrowed<'p>,
    // A guard is one thread's.
    _one_thread: PhantomData<*const ()>,
}

impl<'p> BumpGuard<'p> {
    fn bump(&self) -> &'p Bump {
        let bump: &Bump = &self.bump;
        // SAFETY: the allocations must stay valid for 'p and be made by one thread at a time. The box is owned by
        // this guard, which lends it shared only, and moves, without its heap memory moving, back to the pool when the
        // guard is dropped; the pool, borrowed for 'p, frees or resets no `Bump` before 'p ends, and a forgotten guard
        // leaks it. The guard is not `Send`.
        unsafe { std::mem::transmute::<&Bump, &'p Bump>(bump) }
    }
}

impl<'p> Region<'p> for BumpGuard<'p> {
    fn slice_fill<T: Copy>(&self, len: usize, value: T) -> &'p mut [T] {
        self.bump().alloc_slice_fill_copy(len, value)
    }
    fn slice_copy<T: Copy>(&self, items: &[T]) -> &'p mut [T] {
        self.bump().alloc_slice_copy(items)
    }
    fn slice_with<T>(&self, len: usize, make: impl FnMut(usize) -> T) -> &'p mut [T] {
        const { assert!(!std::mem::needs_drop::<T>()) };
        self.bump().alloc_slice_fill_with(len, make)
    }
}

impl<'r> Region<'r> for &'r Bump {
    fn slice_fill<T: Copy>(&self, len: usize, value: T) -> &'r mut [T] {
        (**self).alloc_slice_fill_copy(len, value)
    }
    fn slice_copy<T: Copy>(&self, items: &[T]) -> &'r mut [T] {
        (**self).alloc_slice_copy(items)
    }
    fn slice_with<T>(&self, len: usize, make: impl FnMut(usize) -> T) -> &'r mut [T] {
        const { assert!(!std::mem::needs_drop::<T>()) };
        (**self).alloc_slice_fill_with(len, make)
    }
}

/// Two pools and the accounts.
#[derive(Default)]
pub struct BumpSession {
    out: BumpPool,
    scratch: BumpPool,
    accounts: Accounts,
}

/// A running pass of a [`BumpSession`].
pub struct BumpPass<'s> {
    out: &'s BumpPool,
    scratch: &'s BumpPool,
}

/// One thread's share of a [`BumpPass`].
pub struct BumpWorker<'s> {
    out: BumpGuard<'s>,
    scratch: Borrowed<'s>,
}

/// A `Bump` that is reset between expansions.
pub struct BumpScratch<'w>(&'w mut Bump);

impl Scratch for BumpScratch<'_> {
    type Scope<'i> = &'i Bump;

    fn scope<O>(&mut self, body: impl for<'i> FnOnce(&&'i Bump) -> O) -> O {
        let result = body(&&*self.0);
        self.0.reset();
        result
    }

    fn scope_within<'env, O>(&mut self, body: impl for<'i> FnOnce(&&'i Bump, Within<'i, 'env>) -> O) -> O {
        let result = body(&&*self.0, Within::default());
        self.0.reset();
        result
    }
}

impl Memory for BumpMemory {
    const NAME: &'static str = "bumpalo";
    type Session = BumpSession;
    type Pass<'p, 's>
        = BumpPass<'s>
    where
        's: 'p;
    type Worker<'p, 's>
        = BumpWorker<'s>
    where
        's: 'p;
    type Scratch<'w> = BumpScratch<'w>;
    type Out<'s> = BumpGuard<'s>;
    type Unit<'w> = &'w Bump;

    fn pass<O>(
        session: &mut BumpSession,
        name: &'static str,
        body: impl for<'p, 's> FnOnce(&BumpPass<'s>) -> O,
    ) -> O {
        let result = body(&BumpPass { out: &session.out, scratch: &session.scratch });
        let ((out_used, out_reserved), (_, scratch_reserved)) =
            (session.out.reset(), session.scratch.reset());
        session.accounts.add_run(name, out_used, out_reserved + scratch_reserved);
        result
    }
    fn worker<'p, 's: 'p>(pass: &BumpPass<'s>) -> BumpWorker<'s> {
        let out = BumpGuard { bump: pass.out.borrow(), _one_thread: PhantomData };
        BumpWorker { out, scratch: pass.scratch.borrow() }
    }
    fn split<'w, 'p, 's: 'p>(worker: &'w mut BumpWorker<'s>) -> (BumpScratch<'w>, &'w BumpGuard<'s>) {
        (BumpScratch(&mut worker.scratch), &worker.out)
    }
    fn unit<'w>(out: &'w BumpGuard<'_>) -> &'w Bump {
        out.bump()
    }
    fn held(out: &BumpGuard<'_>) -> OutMemory {
        held(&out.bump)
    }
    fn take_accounts(session: &mut BumpSession) -> Vec<PassAccount> {
        session.accounts.take()
    }
}
