//! Our arenas: a `compiler_alloc` session whose workers have a scratch arena and an `out` arena each.

use super::{ArenaUse, Memory, OutMemory, PassAccount, Region, Scratch, Within};
use compiler_alloc::arena::InnerScope;
use compiler_alloc::profile::compiler_internal;
use compiler_alloc::{Pass, Scope, Session, Worker, arena};

/// compiler-alloc's arenas behind [`Memory`].
pub struct ArenaMemory;

impl<'s> Region<'s> for Scope<'s> {
    #[inline]
    fn slice_fill<T: Copy>(&self, len: usize, value: T) -> &'s mut [T] {
        self.alloc_slice_fill_with(len, |_| value)
    }
    #[inline]
    fn slice_copy<T: Copy>(&self, items: &[T]) -> &'s mut [T] {
        self.alloc_slice_copy(items)
    }
    #[inline]
    fn slice_with<T>(&self, len: usize, make: impl FnMut(usize) -> T) -> &'s mut [T] {
        self.alloc_slice_fill_with(len, make)
    }
}

impl Scratch for arena::Scratch<'_> {
    type Scope<'i> = Scope<'i>;

    #[inline]
    fn scope<O>(&mut self, body: impl for<'i> FnOnce(&Scope<'i>) -> O) -> O {
        arena::Scratch::scope(self, |inner| body(inner))
    }

    #[inline]
    fn scope_within<'env, O>(&mut self, body: impl for<'i> FnOnce(&Scope<'i>, Within<'i, 'env>) -> O) -> O {
        arena::Scratch::scope(self, |inner: &mut InnerScope<'_, 'env>| body(inner, Within::default()))
    }
}

impl Memory for ArenaMemory {
    const NAME: &'static str = "compiler-alloc";
    type Session = Session;
    type Pass<'p, 's>
        = Pass<'p, 's>
    where
        's: 'p;
    type Worker<'p, 's>
        = Worker<'p, 's>
    where
        's: 'p;
    type Scratch<'w> = arena::Scratch<'w>;
    type Out<'s> = Scope<'s>;
    type Unit<'w> = &'w Scope<'w>;

    fn pass<O>(
        session: &mut Session,
        name: &'static str,
        body: impl for<'p, 's> FnOnce(&Pass<'p, 's>) -> O,
    ) -> O {
        session.round(|round| round.pass(name, body))
    }
    fn worker<'p, 's: 'p>(pass: &Pass<'p, 's>) -> Worker<'p, 's> {
        pass.worker()
    }
    fn split<'w, 'p, 's: 'p>(worker: &'w mut Worker<'p, 's>) -> (arena::Scratch<'w>, &'w Scope<'s>) {
        worker.split()
    }
    fn unit<'w>(out: &'w Scope<'_>) -> &'w Scope<'w> {
        out.shorten()
    }
    fn held(out: &Scope<'_>) -> OutMemory {
        OutMemory { used_bytes: out.used_bytes(), reserved_bytes: out.reserved_bytes() }
    }
    fn arena_use() -> Option<ArenaUse> {
        let stats = compiler_internal::stats();
        Some(ArenaUse {
            live_bytes: stats.arena_live_bytes as u64,
            committed_bytes: stats.committed_bytes as u64,
        })
    }
    fn take_accounts(session: &mut Session) -> Vec<PassAccount> {
        let accounts = session.accounts().to_vec();
        session.clear_accounts();
        accounts
    }
}
