//! Declares an actor's heap, and seals it: reserve, populate, lock, cut, in that order.

use super::blocks::{Blocks, CAPACITY_BYTES_MAX, region_bytes};
use super::control::{Control, Home};
use super::heap::ActorHeap;
use super::mix::{Mix, MixError};
use super::queue::{Account, CREDITS_MAX, Queue, Slot};
use super::quota_blocks;
use crate::fault::{FactName, Fault, FaultCode};
use crate::page_source::{PageSource, SourceError};
use crate::span::{Span, SpanBackend};
use core::alloc::Layout;

/// What an actor's heap will have. [`seal`](Self::seal) makes it, all at once; before that nothing is reserved.
#[must_use = "nothing is reserved before `seal`"]
pub struct ActorHeapBuilder<P: PageSource + 'static> {
    backend: &'static SpanBackend<P>,
    mix: Mix,
    /// The first declaration that was wrong.
    wrong: Option<Fault>,
    capacity_bytes: usize,
    senders: usize,
    credits: usize,
    must_lock: bool,
}

impl<P: PageSource> Clone for ActorHeapBuilder<P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P: PageSource> Copy for ActorHeapBuilder<P> {}

/// Where the parts of a span begin, in bytes from its base; the control block is at 0.
#[derive(Clone, Copy)]
struct Plan {
    accounts: usize,
    slots: usize,
    blocks: usize,
    /// What the blocks' first byte is aligned to.
    align: usize,
    /// Where the region begins. Behind the blocks, and skipped as they are.
    region: usize,
    end: usize,
}

impl ActorHeap {
    /// Begins to declare a heap whose span comes from `backend`.
    pub fn builder<P: PageSource>(backend: &'static SpanBackend<P>) -> ActorHeapBuilder<P> {
        ActorHeapBuilder {
            backend,
            mix: Mix::new(),
            wrong: None,
            capacity_bytes: 0,
            senders: 0,
            credits: 0,
            must_lock: true,
        }
    }
}

impl<P: PageSource> ActorHeapBuilder<P> {
    /// Declares `blocks` blocks for `layout`, which nothing else can use up. Sizes are rounded up by at most 3.2 %, or to 8 bytes, and to the
    /// alignment, which is at most 4096. Quotas of equal block size and alignment are one; at most 64 differ.
    pub fn quota(mut self, layout: Layout, blocks: usize) -> Self {
        if let Err(error) = self.mix.add(layout, blocks) {
            let subject = match error {
                MixError::TooLarge => "an actor's quota is larger than any can be",
                MixError::TooMany => "an actor has at most 64 different quotas",
            };
            self.note_wrong(subject, layout.size());
        }
        self
    }

    /// Declares a region of `bytes` for layouts that no quota serves: of any size and alignment, found by good fit in constant time. At most
    /// 2 GiB. How much of it is usable depends on the sizes; a request is rounded up to 16 bytes.
    pub fn capacity(mut self, bytes: usize) -> Self {
        if bytes > CAPACITY_BYTES_MAX {
            self.note_wrong("an actor's region is larger than any can be", bytes);
        }
        self.capacity_bytes = bytes;
        self
    }

    /// Declares that at most `senders` threads give blocks back at once, each with `credits` messages on the way. None if not said.
    pub fn senders(mut self, senders: usize, credits: usize) -> Self {
        match senders.checked_mul(credits) {
            Some(all) if all <= CREDITS_MAX => (self.senders, self.credits) = (senders, credits),
            _ => {
                let asked = senders.saturating_mul(credits);
                self.note_wrong("an actor's senders have at most 2^24 credits together", asked);
            }
        }
        self
    }

    /// Refuses to seal, for this reason if it is the first.
    fn note_wrong(&mut self, subject: &'static str, asked: usize) {
        let fault = Fault::new(FaultCode::Exhaustion, subject).with(FactName::Asked, asked as u64);
        self.wrong.get_or_insert(fault);
    }

    /// Seals also if the system refuses to lock the memory: it is populated then, but the system may take pages away later.
    pub fn best_effort_locking(mut self) -> Self {
        self.must_lock = false;
        self
    }

    /// The quotas as they will be cut.
    pub fn mix(&self) -> &Mix {
        &self.mix
    }

    /// Reserves the span, gives memory to all of its pages, locks them, and cuts the blocks. Takes time in proportion to the memory;
    /// nothing that the heap does afterwards makes a system call or touches a page for the first time, until it ends.
    ///
    /// # Errors
    /// Nothing is kept in any case.
    /// - [`FaultCode::PageExhaustion`] if the system refuses address space or memory; if it refuses to lock it, with the bytes
    ///   needed and the limit on them (`RLIMIT_MEMLOCK`).
    /// - [`FaultCode::Exhaustion`] if more was declared than a heap can have, or fixed storage is too small.
    pub fn seal(self) -> Result<ActorHeap, Fault> {
        if let Some(fault) = self.wrong {
            return Err(fault);
        }
        let too_large = Fault::new(FaultCode::Exhaustion, "actor heap").with(FactName::Asked, u64::MAX);
        let plan = self.plan().ok_or(too_large)?;
        let span = self.backend.acquire(plan.end)?;
        match self.prepare(span) {
            // SAFETY: needs the plan of this declaration and a span that holds it, used by nobody; it was acquired for the plan.
            Ok(is_locked) => Ok(unsafe { self.furnish(plan, span, is_locked) }),
            Err(fault) => {
                // SAFETY: needs a span of this backend that nobody uses; it was acquired above and not published.
                unsafe { self.backend.release(span) };
                Err(fault)
            }
        }
    }

    fn plan(&self) -> Option<Plan> {
        let place = |begin: usize, layout: Layout, count: usize| {
            let begin = begin.checked_next_multiple_of(layout.align())?;
            Some((begin, begin.checked_add(layout.size().checked_mul(count)?)?))
        };
        let (_, end) = place(0, Layout::new::<Control>(), 1)?;
        let (accounts, end) = place(end, Layout::new::<Account>(), self.senders)?;
        let (slots, end) = place(end, Layout::new::<Slot>(), Queue::slots_for(self.senders, self.credits))?;
        let align = self.mix.quotas().iter().map(|quota| quota.block_align).max().unwrap_or(1);
        let blocks = end.checked_next_multiple_of(align)?;
        // A span begins at a multiple of a unit, which fixed storage may have smaller than a page.
        let slack = if self.backend.geometry().unit_bytes < align { align } else { 0 };
        let region = blocks.checked_add(quota_blocks::bytes_for(&self.mix)?)?;
        let end = region.checked_add(slack)?.checked_add(region_bytes(self.capacity_bytes))?;
        Some(Plan { accounts, slots, blocks, align, region, end })
    }

    /// Populates and locks the span. Answers whether it is locked.
    fn prepare(&self, span: Span) -> Result<bool, Fault> {
        let source = self.backend.source();
        let fault = |subject, error| {
            let fault =
                Fault::new(FaultCode::PageExhaustion, subject).with(FactName::Asked, span.bytes as u64);
            let os_error = match error {
                SourceError::Refused { os_error } => os_error.unsigned_abs().into(),
                SourceError::Full => 0,
            };
            (fault, os_error)
        };
        // SAFETY: needs whole committed pages that nobody uses; the span was just acquired.
        if let Err(error) = unsafe { source.populate(span.base, span.bytes) } {
            let (fault, os_error) = fault("memory of an actor heap", error);
            return Err(fault.with(FactName::OsError, os_error));
        }
        // SAFETY: as above.
        match unsafe { source.lock(span.base, span.bytes) } {
            Ok(()) => Ok(true),
            Err(error) => {
                // SAFETY: as above. Some of it may have been locked before the refusal.
                unsafe { source.unlock(span.base, span.bytes) };
                if !self.must_lock {
                    return Ok(false);
                }
                let (fault, os_error) = fault("locked memory of an actor heap (RLIMIT_MEMLOCK)", error);
                let limit = source.lock_bytes_max().map_or(u64::MAX, |bytes| bytes as u64);
                Err(fault.with(FactName::Limit, limit).with(FactName::OsError, os_error))
            }
        }
    }

    /// Writes the control block and cuts the blocks.
    ///
    /// # Safety
    /// - `plan` is that of this declaration, and `span` a span of the backend that holds it, which nobody else uses.
    unsafe fn furnish(&self, plan: Plan, span: Span, is_locked: bool) -> ActorHeap {
        // SAFETY: needs to stay inside the span; the plan's parts do.
        let accounts = unsafe { span.base.add(plan.accounts) }.cast::<Account>();
        for index in 0..self.senders {
            // SAFETY: needs to stay inside the accounts; `index` is below their number.
            let account = unsafe { accounts.add(index) };
            // SAFETY: needs writable, aligned memory; the plan placed so many accounts there, and nobody uses the span.
            unsafe { account.write(Account::new(self.credits)) };
        }
        // SAFETY: needs to stay inside the span; the plan's parts do.
        let slots = unsafe { span.base.add(plan.slots) }.cast::<Slot>();
        for index in 0..Queue::slots_for(self.senders, self.credits) {
            // SAFETY: needs to stay inside the slots; `index` is below their number.
            let slot = unsafe { slots.add(index) };
            // SAFETY: needs writable, aligned memory; the plan placed so many slots there, and nobody uses the span.
            unsafe { slot.write(Slot::new()) };
        }
        // SAFETY: needs initialised slots and accounts that nobody else uses; they were written above and live as long as the span.
        let queue = unsafe { Queue::new(slots, accounts, self.senders, self.credits) };
        let begin = span.base.as_ptr().addr() + plan.blocks;
        let skip = begin.next_multiple_of(plan.align) - begin;
        // SAFETY: needs to stay inside the span; the plan's parts do, and it has slack where anything is skipped.
        let base = unsafe { span.base.add(plan.blocks + skip) };
        // SAFETY: needs to stay inside the span; as above.
        let region = unsafe { span.base.add(plan.region + skip) };
        // SAFETY: needs memory for the mix at a multiple of its largest alignment, which nobody else uses; so the plan placed it
        // and `skip` aligned it; the region has its own bytes behind.
        let blocks = unsafe { Blocks::cut(&self.mix, base, region, region_bytes(self.capacity_bytes)) };
        let backend: *const SpanBackend<P> = self.backend;
        let units = span.bytes / self.backend.geometry().unit_bytes;
        let home = Home { span, is_locked, units, backend: backend.cast(), give_back: give_back::<P> };
        let control = span.base.cast::<Control>();
        // SAFETY: needs writable, aligned memory; the control block is at the span's base, which is a multiple of a unit.
        unsafe { control.write(Control::new(queue, home, blocks)) };
        // SAFETY: needs a live control block without another actor; it was just written.
        unsafe { ActorHeap::from_control(control) }
    }
}

/// Unlocks a span and gives it back.
///
/// # Safety
/// - `home` was made by [`furnish`](ActorHeapBuilder::furnish) for the same `P`, and nobody uses its span any more.
unsafe fn give_back<P: PageSource + 'static>(home: Home) {
    // SAFETY: needs the backend that the pointer was made from; `furnish` made both for one `P`, and it lives for ever.
    let backend: &'static SpanBackend<P> = unsafe { &*home.backend.cast::<SpanBackend<P>>() };
    if home.is_locked {
        // SAFETY: needs whole committed pages of this source; the span is that.
        unsafe { backend.source().unlock(home.span.base, home.span.bytes) };
    }
    // SAFETY: needs a span of this backend that nobody uses; the caller promises it.
    unsafe { backend.release(home.span) };
}
