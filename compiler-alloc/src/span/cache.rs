//! One thread's side of a backend: runs it keeps warm, its open tails and its accounts.

use super::backend::{Span, SpanBackend};
use super::parts::Tail;
use super::record::UnitState;
use super::run::Run;
use super::shared::{Contents, ThreadRecord};
use crate::config;
use crate::counters::{Account, Holder, ThreadBalances};
use crate::fault::Fault;
use crate::page_source::PageSource;
use core::ptr::NonNull;

/// One thread's warm spans and open tails over a backend.
///
/// It is an ordinary value that one thread uses at a time; it may move between threads. Requests are served from what
/// the thread returned last, without a locked operation; the backend's lock is taken only to fetch a batch or to give
/// one back. At most 2 MiB of runs are kept.
///
/// Dropping it gives everything that it keeps back to the backend.
///
/// ```
/// use compiler_alloc::page_source::MmapPages;
/// use compiler_alloc::span::{Holder, SpanBackend, SpanCache};
/// let backend = SpanBackend::new(MmapPages::new());
/// let mut cache = SpanCache::new(&backend);
/// let part = cache.take(64, 4096, Holder::Arena)?;
/// assert_eq!(part.bytes, 4096);
/// // SAFETY: taken above, and not used afterwards.
/// unsafe { cache.release(part, Holder::Arena) };
/// drop(cache);
/// assert!(backend.shutdown().leak().is_none());
/// # Ok::<(), compiler_alloc::fault::Fault>(())
/// ```
pub struct SpanCache<'b, P: PageSource> {
    pub(super) backend: &'b SpanBackend<P>,
    record: Option<NonNull<ThreadRecord>>,
    /// Runs kept, the last returned last. All of their units are committed.
    runs: [Option<Run>; config::CACHE_RUNS_MAX],
    runs_kept: usize,
    bytes_kept: usize,
    /// Bytes of runs that the thread took and has not kept since: it keeps no more than it is likely to ask for again,
    /// so that a thread which only drops leaves the memory to those who build.
    bytes_taken: usize,
    /// Open tails: parts that the thread cuts its next parts from.
    pub(super) tails: [Option<Tail>; config::TAILS_MAX],
    /// Parts that the thread took, less those that it gave back, whoever took them: at 1 the thread works with one alone, as far as it
    /// can tell. Parts that change threads shift it; only the size of extensions depends on it.
    pub(super) parts_out: isize,
    /// Whether the run or part taken last was in use before.
    pub(super) took_warm: bool,
    /// Whether every byte of the span taken last is zero.
    took_zero: bool,
}

// SAFETY: needs that what the cache points to may be used from another thread: the thread record is used by whoever
// has the cache, and runs and tails are plain memory that nobody else has.
unsafe impl<P: PageSource> Send for SpanCache<'_, P> {}

impl<'b, P: PageSource> SpanCache<'b, P> {
    /// A cache that keeps nothing yet. Costs nothing until it is used.
    pub const fn new(backend: &'b SpanBackend<P>) -> Self {
        SpanCache {
            backend,
            record: None,
            runs: [None; config::CACHE_RUNS_MAX],
            runs_kept: 0,
            bytes_kept: 0,
            bytes_taken: 0,
            tails: [None; config::TAILS_MAX],
            parts_out: 0,
            took_warm: false,
            took_zero: false,
        }
    }

    /// The backend behind it.
    pub fn backend(&self) -> &'b SpanBackend<P> {
        self.backend
    }

    /// Lends whole units that hold at least `bytes`: kept ones if some fit, else from the backend.
    ///
    /// # Errors
    /// As [`SpanBackend::acquire`]; before failing, everything the thread keeps was offered.
    pub fn acquire(&mut self, bytes: usize) -> Result<Span, Fault> {
        let units = self.backend.units_for(bytes)?;
        let run = self.take_run(units, units)?;
        let bytes = run.bytes(&self.backend.geometry());
        self.account(Account::Heap, bytes as isize);
        self.settle_if_due();
        Ok(Span { base: run.base, bytes })
    }

    /// Takes a span back and keeps it for the next request, or gives a batch to the backend if that is too much.
    ///
    /// # Safety
    /// As [`SpanBackend::release`]. The span may have been acquired by another thread.
    pub unsafe fn release_span(&mut self, span: Span) {
        let run = self.backend.run_of(span);
        self.account(Account::Heap, -(span.bytes as isize));
        self.keep(run);
        self.settle_if_due();
    }

    /// Makes a span longer, to hold at least `bytes`, without moving it; `None` if what lies behind it is not free. Takes the
    /// lock.
    ///
    /// # Safety
    /// - As [`release_span`](Self::release_span); after success the answer is the span, and not what was passed.
    pub unsafe fn extend_span(&mut self, span: Span, bytes: usize) -> Option<Span> {
        let backend = self.backend;
        let units = backend.units_for(bytes).ok()?;
        let run = backend.run_of(span);
        if units <= run.units {
            return Some(span);
        }
        let longer = backend.lock().extend(backend.map(), backend.source(), run, units)?;
        let bytes = longer.bytes(&backend.geometry());
        self.account(Account::Heap, (bytes - span.bytes) as isize);
        self.settle_if_due();
        Some(Span { base: span.base, bytes })
    }

    /// Takes the end of a span back, so that it still holds `bytes`.
    ///
    /// # Safety
    /// - As [`extend_span`](Self::extend_span); nobody uses the memory beyond `bytes` again.
    pub unsafe fn shrink_span(&mut self, span: Span, bytes: usize) -> Span {
        let records = self.backend.records();
        let run = self.backend.run_of(span);
        let Ok(units) = self.backend.units_for(bytes) else { return span };
        if units >= run.units {
            return span;
        }
        let (kept, rest) = run.split(units, &records.geometry);
        records.mark(rest, UnitState::Whole);
        records.mark(kept, UnitState::Whole);
        self.account(Account::Heap, -(rest.bytes(&records.geometry) as isize));
        self.keep(rest);
        self.settle_if_due();
        Span { base: span.base, bytes: kept.bytes(&records.geometry) }
    }

    /// Moves the pages of `from` to the beginning of `to`, without copying, and takes `from` back; `false` if the page source
    /// cannot, and then nothing was changed. Takes the lock.
    ///
    /// # Safety
    /// - As [`release_span`](Self::release_span), for both spans, of which `to` is at least as long; after success nobody uses
    ///   `from` again.
    pub unsafe fn move_span(&mut self, from: Span, to: Span) -> bool {
        let backend = self.backend;
        // SAFETY: needs whole pages of two live reservations that only we use; the caller promises two spans of this backend.
        if !unsafe { backend.source().move_pages(from.base, to.base, from.bytes) } {
            return false;
        }
        self.account(Account::Heap, -(from.bytes as isize));
        backend.lock().release_bare(backend.records(), backend.run_of(from));
        self.settle_if_due();
        true
    }

    /// Runs `work` with the cache. If `work` leaves a cache over another backend in its place (`mem::swap`), that one is
    /// dropped and a new one over this backend takes its place, also when `work` panics.
    #[inline(always)]
    pub(crate) fn lend<R>(&mut self, work: impl FnOnce(&mut Self) -> R) -> R {
        struct SameBackend<'c, 'b, P: PageSource> {
            cache: &'c mut SpanCache<'b, P>,
            backend: &'b SpanBackend<P>,
        }
        impl<P: PageSource> Drop for SameBackend<'_, '_, P> {
            #[inline(always)]
            fn drop(&mut self) {
                if !core::ptr::eq(self.cache.backend, self.backend) {
                    self.cache.replace(self.backend);
                }
            }
        }
        let backend = self.backend;
        let lent = SameBackend { cache: self, backend };
        work(lent.cache)
    }

    #[cold]
    #[inline(never)]
    fn replace(&mut self, backend: &'b SpanBackend<P>) {
        *self = SpanCache::new(backend);
    }

    /// Whether all of the span or part taken last had memory already, so that touching it faults no page in.
    pub fn took_warm(&self) -> bool {
        self.took_warm
    }

    /// Whether every byte of the span that [`acquire`](Self::acquire) answered last is known to be zero, because none of its
    /// pages had memory.
    pub fn took_zero(&self) -> bool {
        self.took_zero
    }

    /// Notes that memory changed hands without moving, for instance when an arena's result is sealed. No lock.
    pub fn transfer(&mut self, bytes: usize, from: Holder, to: Holder) {
        self.account(from.into(), -(bytes as isize));
        self.account(to.into(), bytes as isize);
        self.settle_if_due();
    }

    /// Closes the open tails and gives everything kept back to the backend, accounts included. Takes the lock.
    ///
    /// The cache is as it was when it was made, but for the number of parts that are out, and can be used again.
    pub fn flush(&mut self) {
        self.close_tails();
        self.give_back_runs(0);
        self.bytes_taken = 0;
        if let Some(record) = self.record.take() {
            let mut shared = self.backend.lock();
            // SAFETY: needs a live record; it was registered by this cache, and the backend outlives the cache.
            shared.unregister(unsafe { record.as_ref() });
            self.backend.settle(shared);
        }
    }

    /// A drain point, between passes: hands on what other threads cannot take from this one. Gives kept runs and open
    /// tails to the pool, publishes the accounts and applies the give-back rule to all of it. What is left of a tail in a
    /// unit with a sealed result stays, so that small results lie packed.
    ///
    /// The next pass, on whatever thread, finds everything joined in one pool and not a share in every cache; the same
    /// pass then lies where it lay before and faults nothing in. Takes the lock if there is anything to hand on.
    pub fn safepoint(&mut self) {
        self.hand_on_tails();
        self.give_back_runs(0);
        self.bytes_taken = 0;
        if let Some(balances) = self.balances()
            && balances.traffic() > 0
        {
            self.settle(balances);
        }
    }

    /// [`flush`](Self::flush), then [`SpanBackend::trim`].
    pub fn trim(&mut self, keep_bytes: usize) {
        self.flush();
        self.backend.trim(keep_bytes);
    }

    /// A committed run of `units`, or of fewer but at least `units_min` if that is all there is; marked whole.
    pub(super) fn take_run(&mut self, units: u32, units_min: u32) -> Result<Run, Fault> {
        if let Some(run) = self.take_kept(units).or_else(|| self.take_largest_kept(units, units_min)) {
            self.took_warm = true;
            self.took_zero = false;
            return Ok(run);
        }
        let (map, source) = (self.backend.map(), self.backend.source());
        let mut answer = self.backend.lock().acquire(map, source, units, units_min);
        if answer.is_err() && self.runs_kept > 0 {
            self.give_back_runs(0);
            answer = self.backend.lock().acquire(map, source, units, units_min);
        }
        answer.map(|(run, contents)| {
            self.took_warm = contents == Contents::Warm;
            self.took_zero = contents == Contents::Cold && source.purged_reads_zero();
            self.bytes_taken += run.bytes(&self.backend.geometry());
            run
        })
    }

    /// The kept run that fits best, the last returned of equals, cut to `units`.
    fn take_kept(&mut self, units: u32) -> Option<Run> {
        let mut best: Option<(usize, Run)> = None;
        for index in (0..self.runs_kept).rev() {
            let Some(run) = self.runs[index] else { continue };
            if run.units >= units && best.is_none_or(|(_, best)| run.units < best.units) {
                best = Some((index, run));
                if run.units == units {
                    break;
                }
            }
        }
        let (index, run) = best?;
        Some(self.cut_kept(index, run, units))
    }

    /// The largest kept run, cut to `units`, if it has at least `units_min`: a smaller warm run is better than a cold one.
    fn take_largest_kept(&mut self, units: u32, units_min: u32) -> Option<Run> {
        let kept = self.runs.iter().enumerate().filter_map(|(index, run)| run.map(|run| (index, run)));
        let (index, run) = kept.max_by_key(|(_, run)| run.units)?;
        (run.units >= units_min).then(|| self.cut_kept(index, run, units.min(run.units)))
    }

    fn cut_kept(&mut self, index: usize, run: Run, units: u32) -> Run {
        let records = self.backend.records();
        let taken = if run.units == units {
            self.remove_kept(index);
            run
        } else {
            let (taken, rest) = run.split(units, &records.geometry);
            records.mark(rest, UnitState::Cached);
            self.runs[index] = Some(rest);
            taken
        };
        records.mark(taken, UnitState::Whole);
        let bytes = taken.bytes(&records.geometry);
        self.bytes_kept -= bytes;
        self.account(Account::Cached, -(bytes as isize));
        if let Some(balances) = self.balances() {
            balances.count_warm_acquire();
        }
        taken
    }

    fn remove_kept(&mut self, index: usize) -> Option<Run> {
        let run = self.runs[index].take();
        self.runs.copy_within(index + 1..self.runs_kept, index);
        self.runs_kept -= 1;
        self.runs[self.runs_kept] = None;
        run
    }

    /// Keeps a committed run, joined with kept runs that it touches; or pools it, if it is too large or too much.
    pub(super) fn keep(&mut self, run: Run) {
        let records = self.backend.records();
        let geometry = records.geometry;
        let bytes = run.bytes(&geometry);
        if bytes > config::CACHE_BYTES_MAX || bytes > self.bytes_taken {
            self.backend.lock().release(records, run);
            return;
        }
        self.bytes_taken -= bytes;
        if self.bytes_kept + bytes > config::CACHE_BYTES_MAX || self.runs_kept == config::CACHE_RUNS_MAX {
            self.give_back_runs(config::CACHE_BYTES_MAX / 2);
        }
        let mut joined = run;
        let mut index = 0;
        while index < self.runs_kept {
            let Some(other) = self.runs[index] else { break };
            let (low, high) =
                if other.address() < joined.address() { (other, joined) } else { (joined, other) };
            if low.end(&geometry) == high.address() && !records.at(high.address()).begins_reservation() {
                joined = Run { base: low.base, units: low.units + high.units };
                self.remove_kept(index);
            } else {
                index += 1;
            }
        }
        records.mark(joined, UnitState::Cached);
        self.runs[self.runs_kept] = Some(joined);
        self.runs_kept += 1;
        self.bytes_kept += bytes;
        self.account(Account::Cached, bytes as isize);
    }

    /// Gives the runs kept longest to the pool, in one batch, until at most `keep_bytes` are kept and half the slots
    /// are free.
    pub(super) fn give_back_runs(&mut self, keep_bytes: usize) {
        if self.runs_kept == 0 {
            return;
        }
        let records = self.backend.records();
        let backend = self.backend;
        let mut returned = 0;
        let mut shared = backend.lock();
        while self.bytes_kept > keep_bytes || self.runs_kept > config::CACHE_RUNS_MAX / 2 {
            let Some(run) = self.remove_kept(0) else { break };
            let bytes = run.bytes(&records.geometry);
            self.bytes_kept -= bytes;
            returned += bytes;
            shared.release(records, run);
        }
        match self.balances() {
            Some(balances) => {
                balances.add(Account::Cached, -(returned as isize));
                shared.publish(balances);
            }
            None => {
                shared.balances.add(Account::Cached, -(returned as isize));
                shared.note_balances();
            }
        }
        backend.settle(shared);
    }

    fn balances(&self) -> Option<&'b ThreadBalances> {
        // SAFETY: needs a live record; it was registered by this cache and lives as long as the backend is borrowed: the
        // backend keeps it until no thread is registered, and this one is.
        self.record.map(|record| unsafe { &record.as_ref().balances })
    }

    /// Adds to one of the thread's accounts, or to the shared one if there is no memory for accounts of its own.
    pub(super) fn account(&mut self, account: Account, bytes: isize) {
        if self.record.is_none() {
            self.record = self.backend.lock().register(self.backend.source());
        }
        match self.balances() {
            Some(balances) => balances.add(account, bytes),
            None => {
                let mut shared = self.backend.lock();
                shared.balances.add(account, bytes);
                shared.note_balances();
            }
        }
    }

    /// Moves `bytes` of a tail, of which `used_bytes` were in use before, to the account of who got them.
    #[inline]
    pub(super) fn account_cut(&mut self, holder: Holder, bytes: usize, used_bytes: usize) {
        if let Some(balances) = self.balances() {
            balances.cut(holder.into(), bytes, used_bytes);
            return;
        }
        self.account(Account::Tails, -(bytes as isize));
        self.account(Account::TailsUsed, -(used_bytes as isize));
        self.account(holder.into(), bytes as isize);
    }

    /// Publishes the thread's accounts and applies the give-back rule, if enough has moved since the last time.
    #[inline(always)]
    pub(super) fn settle_if_due(&mut self) {
        if let Some(balances) = self.balances()
            && balances.traffic() >= config::PUBLISH_BYTES
        {
            self.settle(balances);
        }
    }

    #[inline(never)]
    fn settle(&self, balances: &ThreadBalances) {
        let mut shared = self.backend.lock();
        shared.publish(balances);
        self.backend.settle(shared);
    }
}

impl<P: PageSource> Drop for SpanCache<'_, P> {
    fn drop(&mut self) {
        self.flush();
    }
}
