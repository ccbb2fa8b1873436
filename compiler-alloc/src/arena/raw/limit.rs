//! Limits: an arena's own, and the budget that the arenas of a pass share. The lower one counts. Both are enforced by
//! raising the window's end, so the fast path does not know of them.

use super::RawArena;
use crate::arena::bump;
use crate::fault::{FactName, Fault, FaultCode};
use crate::sync::{AtomicUsize, Ordering};
use core::ptr::NonNull;

/// Bytes that several arenas may use together: the budget of a pass that runs in parallel.
///
/// Arenas draw on it in slices, on their slow path only; what an arena has drawn and not used is not available to
/// the others.
#[derive(Debug)]
pub(in crate::arena) struct Budget {
    /// Name of the pass, for the fault.
    pub(in crate::arena) subject: &'static str,
    /// What was granted at the beginning, in bytes.
    pub(in crate::arena) bytes: usize,
    left: AtomicUsize,
}

/// How much an arena draws on a [`Budget`] at a time, at most, in bytes.
const BUDGET_SLICE_BYTES: usize = 32 << 10;

impl Budget {
    /// A budget of `bytes` bytes.
    pub(in crate::arena) fn new(subject: &'static str, bytes: usize) -> Self {
        Self { subject, bytes, left: AtomicUsize::new(bytes) }
    }

    /// Draws at least `need` bytes, and more to make the next draw rarer: a sixteenth of what is left, at most a
    /// slice. `None` if less than
    /// `need` is left.
    fn draw(&self, need: usize) -> Option<usize> {
        let share = |left: usize| need.max((left / 16).min(BUDGET_SLICE_BYTES));
        // Relaxed: the number orders nothing; each update is one read-modify-write, so no byte is granted twice.
        let taken = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            if left < need { None } else { Some(left - share(left)) }
        });
        taken.ok().map(share)
    }
}

impl<const MIN_ALIGN: usize> RawArena<MIN_ALIGN> {
    /// From now on at most `bytes` bytes may be used; `None` lifts the limit, but not the budget of a pass. A limit stays
    /// over resets; one that is set during a pass ends with it. Costs the fast path nothing: the window's end is raised.
    pub fn set_limit(&self, bytes: Option<usize>) {
        self.limit.set(bytes.unwrap_or(usize::MAX));
        self.lower_counts();
    }

    /// From now on every byte beyond what is in use is drawn from `budget`; `None` ends that. The arena's own limit is
    /// lifted.
    ///
    /// # Safety
    ///
    /// The budget stays valid until this function is called again or the arena is gone.
    pub(in crate::arena) unsafe fn set_budget(&self, budget: Option<NonNull<Budget>>) {
        self.budget.set(budget);
        self.granted.set(if budget.is_some() { self.used_bytes() } else { usize::MAX });
        self.limit.set(usize::MAX);
        self.lower_counts();
    }

    /// Makes sure that the limit and the budget, of which there is one, admit `size` more bytes, and draws on the budget if need be.
    pub(super) fn make_allowance(&self, size: usize, align: usize) -> Result<(), Fault> {
        // What the object takes is known exactly in this window only; in another it counts with its worst padding,
        // which is none for layouts that need no more than MIN_ALIGN.
        let cur = self.open.cur().addr().get();
        let exact = bump::place_within(cur, self.bottom.get(), size, align, MIN_ALIGN).map(|new| cur - new);
        let elsewhere = if align <= MIN_ALIGN {
            bump::round_up(size, MIN_ALIGN)
        } else {
            bump::worst_case(size, align, MIN_ALIGN)
        };
        let need = exact.or(elsewhere).unwrap_or(usize::MAX);
        // A limit may lie below what is in use: that part is missing, too.
        let wanted = self.used_bytes().saturating_add(need);
        if wanted > self.limit.get() {
            return Err(self.exhausted(size, "arena limit"));
        }
        let granted = self.granted.get();
        let Some(budget) = self.budget.get().filter(|_| wanted > granted) else {
            return Ok(());
        };
        // SAFETY: the budget must be alive; `set_budget` demands that it is cleared before the budget ends.
        let budget = unsafe { budget.as_ref() };
        match budget.draw(wanted - granted) {
            Some(bytes) => {
                self.granted.set(granted.saturating_add(bytes));
                self.lower_counts();
                Ok(())
            }
            None => Err(self.exhausted(size, budget.subject)),
        }
    }

    /// Recomputes the bound, and `lim` by it.
    fn lower_counts(&self) {
        self.bound.set(self.limit.get().min(self.granted.get()));
        self.apply_limit();
    }

    /// Recomputes `lim` from the window and the bound.
    pub(super) fn apply_limit(&self) {
        let allowance = self.bound.get().saturating_sub(self.used_bytes());
        let cur = self.open.cur();
        let lim = bump::raised_limit(cur.addr().get(), self.bottom.get(), allowance, MIN_ALIGN);
        // SAFETY: the window must be aligned and free; its upper end stays, and from `bottom` on it is all this arena's
        // (invariant of `RawArena`).
        unsafe { self.open.set(cur, lim) };
    }

    #[cold]
    pub(super) fn exhausted(&self, size: usize, subject: &'static str) -> Fault {
        Fault::new(FaultCode::Exhaustion, subject)
            .with(FactName::Asked, size as u64)
            .with(FactName::Used, self.used_bytes() as u64)
            .with(FactName::Limit, self.bound.get() as u64)
    }
}
