//! Open spans and their parts: how several owners share the units of one span.
//!
//! A run of units is *opened* and cut from its high end downwards. Each piece is a *part*, `[low, low + bytes)`; what is
//! left below is the thread's *open tail*, which is a part too. Every unit counts the parts that touch it, every OS page
//! the parts that touch it. A part touches its inner units and pages alone; only its first and last can be shared, so
//! cutting, joining and leaving cost at most two counts at each end:
//!
//! ```text
//!   page      |       P       |       Q       |       R       |
//!   before    [tail .............................]              P1 Q1 R1
//!   cut at x  [tail ..............x part ........]              P1 Q2 R1    Q is touched by both
//! ```
//!
//! Whoever cuts or joins holds a part that touches the page, hence its count is not zero, and nobody revives a page or
//! unit at zero. The last one out of a page marks it dead. The last one out of a unit owns the unit again.
//!
//! *Dead pages* of units that are still touched are idle memory. Units with any are on the backend's list, and are purged
//! under its lock. A unit with dead pages is taken off the list, under the lock, before its last owner reuses it; so the
//! purge never meets a page in use.

use super::cache::SpanCache;
use super::cut::page_of;
use super::record::{UnitRecord, UnitState};
use super::run::Run;
use crate::config;
use crate::counters::{Account, Holder};
use crate::fault::{FactName, Fault, FaultCode};
use crate::page_source::PageSource;
use crate::sync::Ordering;
use crate::units::{round_down, round_up};
use core::ptr::NonNull;

/// Bytes of an open span that one owner holds. Plain data: dropping it leaks the memory until it is released.
///
/// `low` may be used to reach every byte of the part, and of a part that it grows to. Both ends are multiples of 16.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Part {
    /// Where it begins.
    pub low: NonNull<u8>,
    /// How many bytes: at least 16.
    pub bytes: usize,
}

// SAFETY: needs that the part may be used from any thread; it is a name for memory, and using it is unsafe.
unsafe impl Send for Part {}

impl Part {
    #[inline]
    fn low_address(self) -> usize {
        self.low.as_ptr().addr()
    }

    #[inline]
    fn high_address(self) -> usize {
        self.low_address() + self.bytes
    }

    /// The part without its first `bytes`, and the pointer where it begins.
    #[inline]
    fn low_at(self, bytes: usize) -> NonNull<u8> {
        debug_assert!(bytes <= self.bytes);
        // SAFETY: needs to stay inside or one past the part; callers pass at most its length.
        unsafe { self.low.add(bytes) }
    }
}

/// A part from which a thread cuts its next parts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tail {
    part: Part,
    /// Bytes at the high end that were in use before.
    used_bytes: usize,
    /// The unit with the sealed result whose maker donated the tail's high end; 0 if there is none.
    sealed_unit: usize,
}

impl<'b, P: PageSource> SpanCache<'b, P> {
    /// Takes a part of at least `bytes_min`, if possible of `bytes_want`, for `holder`.
    ///
    /// It comes from the high end of an open tail: the best-fitting tail that has `bytes_want`, else the largest that has
    /// `bytes_min`, else a new one. Where no tail serves and `bytes_want` is 512 KiB or more, the part gets units of its
    /// own. The part may be up to 63 bytes larger than wanted, never smaller than `bytes_min`. The contents are not
    /// defined. Cost: at most two atomic additions, unless a new span is needed.
    ///
    /// # Errors
    /// As [`SpanBackend::acquire`](super::SpanBackend::acquire). Nothing was changed then.
    pub fn take(&mut self, bytes_min: usize, bytes_want: usize, holder: Holder) -> Result<Part, Fault> {
        let (bytes_min, bytes_want) = part_sizes(bytes_min, bytes_want)?;
        let part = match self.tail_for(bytes_min, bytes_want) {
            Some(index) => self.cut_tail(index, bytes_want, holder),
            None => {
                let part = self.take_from_new_run(bytes_min, bytes_want)?;
                self.account(holder.into(), part.bytes as isize);
                part
            }
        };
        self.parts_out += 1;
        self.settle_if_due();
        Ok(part)
    }

    /// How many bytes [`extend_down`](Self::extend_down) could add to a part that begins at `low`: those of the open tail
    /// of this thread that lies directly below, or 0.
    #[inline]
    pub fn room_below(&self, low: NonNull<u8>) -> usize {
        let tail = self.tail_below(low.as_ptr().addr()).and_then(|index| self.tails[index]);
        tail.map_or(0, |tail| tail.part.bytes)
    }

    /// Grows a part downwards in place by at least `bytes`, if an open tail of this thread lies directly below it.
    ///
    /// Answers the part's new low end, up to 63 bytes lower than asked for; `None`, and no change, if there is no such
    /// tail or it has less than `bytes`. Cost: at most four atomic additions; none where both ends lie in one unit, and in one page or on
    /// borders of pages.
    ///
    /// # Safety
    /// - `part` was taken from this backend by `holder`, as it is now, and the caller owns it.
    pub unsafe fn extend_down(&mut self, part: Part, bytes: usize, holder: Holder) -> Option<NonNull<u8>> {
        // SAFETY: the part must be lent to `holder` as it is, and the caller's; our caller promises the same.
        unsafe { self.extend_within(part, [bytes; 3], holder) }
    }

    /// The same by `want` of `[min, want, most]` bytes. By less if the tail has less: a half, a quarter and so on, but at least `min`. By
    /// more, up to `most`, if the part is the only one that this thread has out: by what was in use before, which nobody else would use.
    ///
    /// Otherwise what is left stays open for the thread's next part, also where it is less than `want`; this saves 250 of 12,120 page
    /// faults of ten dropped passes (row `passes-drop` in perf/).
    ///
    /// # Safety
    /// - As [`extend_down`](Self::extend_down).
    #[inline(never)]
    pub(crate) unsafe fn extend_within(
        &mut self,
        part: Part,
        [min, want, most]: [usize; 3],
        holder: Holder,
    ) -> Option<NonNull<u8>> {
        let high = part.low_address();
        let index = self.tail_below(high)?;
        let Tail { part: tail, used_bytes, sealed_unit } = self.tails[index]?;
        let mut bytes = want;
        if self.parts_out == 1 {
            bytes = bytes.max(most.min(used_bytes));
        }
        while bytes > tail.bytes && bytes > min {
            bytes = (bytes / 2).max(min);
        }
        if bytes > tail.bytes {
            return None;
        }
        let left = tail.bytes - bytes;
        // All of it if hardly anything would be left, as where a tail is cut.
        let left = if left < config::TAIL_BYTES_MIN { 0 } else { round_down(left, config::PART_ALIGN) };
        let (bytes, low) = (tail.bytes - left, tail.low_at(left));
        if left > 0 {
            self.move_cut(high, low.as_ptr().addr());
        } else {
            self.join_at(high);
        }
        let used_left = used_bytes.saturating_sub(bytes);
        self.took_warm = used_bytes + config::TAIL_BYTES_MIN > bytes;
        let rest = Part { low: tail.low, bytes: left };
        self.tails[index] = (left > 0).then_some(Tail { part: rest, used_bytes: used_left, sealed_unit });
        self.account_cut(holder, bytes, used_bytes - used_left);
        self.settle_if_due();
        Some(low)
    }

    /// Gives the low end of a part, up to `keep_from`, to the thread's open tails, from where its next part may come: the
    /// rest of the part is a result that stays.
    ///
    /// Answers the part that the caller keeps. Nothing changes if `keep_from` is the low end.
    ///
    /// # Safety
    /// - `part` was taken from this backend by `holder`, as it is now, and the caller owns it.
    /// - `keep_from` is a multiple of 16 inside the part, below its end, and nobody uses the bytes below it again.
    pub unsafe fn donate(&mut self, part: Part, keep_from: NonNull<u8>, holder: Holder) -> Part {
        let cut = keep_from.as_ptr().addr();
        debug_assert!(cut.is_multiple_of(config::PART_ALIGN), "parts begin at multiples of 16");
        debug_assert!((part.low_address()..part.high_address()).contains(&cut), "something is kept");
        let given_bytes = cut - part.low_address();
        if given_bytes == 0 {
            return part;
        }
        self.split_at(cut);
        let kept = Part { low: part.low_at(given_bytes), bytes: part.bytes - given_bytes };
        self.account(holder.into(), -(given_bytes as isize));
        self.put_tail(Part { low: part.low, bytes: given_bytes }, given_bytes);
        let unit = round_down(cut, self.backend.geometry().unit_bytes);
        for tail in self.tails.iter_mut().flatten() {
            if tail.part.high_address() == cut {
                tail.sealed_unit = unit;
            }
        }
        self.settle_if_due();
        kept
    }

    /// Gives a part back, from any thread.
    ///
    /// If it borders an open tail of this thread, it joins the tail; else its pages that nobody else touches die, and
    /// units that nobody else touches go to this thread's kept runs or to the pool.
    ///
    /// # Safety
    /// - `part` was taken from this backend by `holder`, as it is now, and the caller owns it.
    /// - Nobody uses its memory again.
    pub unsafe fn release(&mut self, part: Part, holder: Holder) {
        self.parts_out -= 1;
        self.account(holder.into(), -(part.bytes as isize));
        if !self.join_tail(part, part.bytes) {
            self.leave(part);
        }
        self.settle_if_due();
    }

    /// Gives all open tails back.
    pub(super) fn close_tails(&mut self) {
        for index in 0..config::TAILS_MAX {
            if let Some(tail) = self.set_tail(index, None) {
                self.leave(tail.part);
            }
        }
    }

    /// Gives open tails back, except for the end of one that lies in a unit with a sealed result: there the next result
    /// may lie, so that small ones are packed. Beside a live arena nothing is kept, because that would hold the unit
    /// when the arena has gone.
    pub(super) fn hand_on_tails(&mut self) {
        let unit_bytes = self.backend.geometry().unit_bytes;
        for index in 0..config::TAILS_MAX {
            let Some(tail) = self.tails[index] else { continue };
            let (low, high) = (tail.part.low_address(), tail.part.high_address());
            let high_unit = round_down(high, unit_bytes);
            let beside_sealed =
                high_unit < high && tail.sealed_unit == high_unit && self.is_shared(high_unit);
            if !beside_sealed {
                self.set_tail(index, None);
                self.leave(tail.part);
            } else if low < high_unit {
                // The cut is between units, where a split counts nothing.
                let given = Part { low: tail.part.low, bytes: high_unit - low };
                let part = Part { low: tail.part.low_at(given.bytes), bytes: high - high_unit };
                let used_bytes = tail.used_bytes.min(part.bytes);
                self.set_tail(index, Some(Tail { part, used_bytes, sealed_unit: high_unit }));
                self.leave(given);
            }
        }
    }

    /// Whether a part that is no open tail of this thread touches the unit at `address`, which one of its tails touches.
    fn is_shared(&self, address: usize) -> bool {
        let unit_bytes = self.backend.geometry().unit_bytes;
        let touches = |tail: &&Tail| {
            tail.part.low_address() < address + unit_bytes && address < tail.part.high_address()
        };
        let own = self.tails.iter().flatten().filter(touches).count();
        self.backend.records().at(address).live.load(Ordering::Acquire) as usize > own
    }

    /// Replaces a tail and keeps the accounts. Answers the old one.
    fn set_tail(&mut self, index: usize, tail: Option<Tail>) -> Option<Tail> {
        let old = core::mem::replace(&mut self.tails[index], tail);
        let (old_bytes, old_used) = old.map_or((0, 0), |tail| (tail.part.bytes, tail.used_bytes));
        let (bytes, used) = tail.map_or((0, 0), |tail| (tail.part.bytes, tail.used_bytes));
        self.account(Account::Tails, bytes as isize - old_bytes as isize);
        if used != old_used {
            self.account(Account::TailsUsed, used as isize - old_used as isize);
        }
        old
    }

    /// The index of the open tail that ends at `address`, in the same reservation.
    #[inline]
    fn tail_below(&self, address: usize) -> Option<usize> {
        let ends_there = |tail: &Option<Tail>| tail.is_some_and(|tail| tail.part.high_address() == address);
        let index = self.tails.iter().position(ends_there)?;
        self.may_join_at(address).then_some(index)
    }

    /// The tail to cut from: the smallest that has `bytes_want`, else the largest that has `bytes_min`.
    fn tail_for(&self, bytes_min: usize, bytes_want: usize) -> Option<usize> {
        let (mut fits, mut largest) = (None, None);
        for (index, tail) in self.tails.iter().enumerate() {
            let Some(Tail { part: tail, .. }) = tail else { continue };
            if tail.bytes >= bytes_want && fits.is_none_or(|(_, bytes)| tail.bytes < bytes) {
                fits = Some((index, tail.bytes));
            }
            if tail.bytes >= bytes_min && largest.is_none_or(|(_, bytes)| tail.bytes > bytes) {
                largest = Some((index, tail.bytes));
            }
        }
        fits.or(largest).map(|(index, _)| index)
    }

    /// Cuts the high `bytes` off a tail for `holder`, or takes all of it if hardly anything would be left.
    #[inline(always)]
    fn cut_tail(&mut self, index: usize, bytes: usize, holder: Holder) -> Part {
        let Some(Tail { part: tail, used_bytes, sealed_unit }) = self.tails[index] else {
            unreachable!("callers pass the index of an open tail")
        };
        let (part, rest) = if tail.bytes < bytes + config::TAIL_BYTES_MIN {
            (tail, None)
        } else {
            let left = tail.bytes - bytes;
            self.split_at(tail.low_address() + left);
            let rest = Part { low: tail.low, bytes: left };
            (Part { low: tail.low_at(left), bytes }, Some(rest))
        };
        self.took_warm = used_bytes >= part.bytes;
        let used_left = used_bytes.saturating_sub(part.bytes);
        self.tails[index] = rest.map(|part| Tail { part, used_bytes: used_left, sealed_unit });
        self.account_cut(holder, part.bytes, used_bytes - used_left);
        part
    }

    /// Opens a new run: one of the part's own if it is large, else one whose rest becomes a tail.
    fn take_from_new_run(&mut self, bytes_min: usize, bytes_want: usize) -> Result<Part, Fault> {
        let span_bytes =
            if bytes_want >= config::OWN_RUN_BYTES_MIN { bytes_want } else { config::TAIL_BYTES_MAX };
        let units = self.backend.units_for(span_bytes)?;
        let units_min = self.backend.units_for(bytes_min)?;
        let run = self.take_run(units, units_min)?;
        let whole = self.open(run);
        let bytes = bytes_want.min(whole.bytes);
        let left = whole.bytes - bytes;
        if left < config::TAIL_BYTES_MIN {
            return Ok(whole);
        }
        self.split_at(whole.low_address() + left);
        let used_bytes = if self.took_warm { left } else { 0 };
        self.put_tail(Part { low: whole.low, bytes: left }, used_bytes);
        Ok(Part { low: whole.low_at(left), bytes })
    }

    /// Makes a whole run parted: one part that touches all of it. From the high end down, as the walk in a forked child asks.
    fn open(&mut self, run: Run) -> Part {
        let records = self.backend.records();
        let pages = records.geometry.unit_pages();
        for record in records.of(run).rev() {
            record.live.store(1, Ordering::Relaxed);
            record.dead.store(0, Ordering::Relaxed);
            for page in &record.pages[..pages] {
                page.store(1, Ordering::Relaxed);
            }
            record.set_run_units(1);
            record.set_state(UnitState::Parted);
        }
        Part { low: run.base, bytes: run.bytes(&records.geometry) }
    }

    /// Joins a part, of which `used_bytes` at its high end were in use, with the tail below or above it, if there is one
    /// and the two do not get too large.
    #[inline(always)]
    fn join_tail(&mut self, part: Part, used_bytes: usize) -> bool {
        for index in 0..config::TAILS_MAX {
            let Some(tail) = self.tails[index] else { continue };
            if tail.part.bytes + part.bytes > config::TAIL_BYTES_MAX {
                continue;
            }
            let part_is_above = tail.part.low_address() < part.low_address();
            let (low, high) = if part_is_above { (tail.part, part) } else { (part, tail.part) };
            if low.high_address() == high.low_address() && self.may_join_at(high.low_address()) {
                self.join_at(high.low_address());
                let joined = Part { low: low.low, bytes: low.bytes + high.bytes };
                // Used bytes are those from the lowest used one up.
                let used_bytes = match part_is_above {
                    true if tail.used_bytes > 0 => part.bytes + tail.used_bytes,
                    false if used_bytes > 0 => tail.part.bytes + used_bytes,
                    true => used_bytes,
                    false => tail.used_bytes,
                };
                self.set_tail(index, Some(Tail { part: joined, used_bytes, sealed_unit: tail.sealed_unit }));
                return true;
            }
        }
        false
    }

    /// Makes a part, of which `used_bytes` at its high end were in use, an open tail; leaves the smallest tail if there
    /// are too many.
    fn put_tail(&mut self, part: Part, used_bytes: usize) {
        if self.join_tail(part, used_bytes) {
            return;
        }
        let mut part = part;
        if part.bytes > config::TAIL_BYTES_MAX {
            let unit_bytes = self.backend.geometry().unit_bytes;
            // At a unit's beginning, where a split counts nothing; the part is longer than what stays of it.
            let cut = part.high_address() - round_down(config::OWN_RUN_BYTES_MIN, unit_bytes);
            let cut = cut + (cut.wrapping_neg() & (unit_bytes - 1));
            let spare = cut - part.low_address();
            self.split_at(cut);
            self.leave(Part { low: part.low, bytes: spare });
            part = Part { low: part.low_at(spare), bytes: part.bytes - spare };
        }
        let smallest = (0..config::TAILS_MAX)
            .min_by_key(|&index| self.tails[index].map_or(0, |tail| tail.part.bytes))
            .unwrap_or(0);
        match self.tails[smallest] {
            Some(tail) if tail.part.bytes >= part.bytes => self.leave(part),
            _ => {
                let tail = Tail { part, used_bytes: used_bytes.min(part.bytes), sealed_unit: 0 };
                if let Some(old) = self.set_tail(smallest, Some(tail)) {
                    self.leave(old.part);
                }
            }
        }
    }

    /// Stops touching a part's pages and units. Runs of units that nobody touches any more are kept or pooled.
    fn leave(&mut self, part: Part) {
        let records = self.backend.records();
        let unit_bytes = records.geometry.unit_bytes;
        let (low, high) = (part.low_address(), part.high_address());
        let mut streak: Option<Run> = None;
        let mut unit = round_down(low, unit_bytes);
        while unit < high {
            let record = records.at(unit);
            let alone = low <= unit && unit + unit_bytes <= high;
            let last_out = alone || self.leave_unit(record, unit, low.max(unit), high.min(unit + unit_bytes));
            let freed = if last_out { self.reclaim_unit(record) } else { None };
            streak = match (streak, freed) {
                (Some(run), Some(_)) => Some(Run { base: run.base, units: run.units + 1 }),
                (None, freed) => freed,
                (Some(run), None) => {
                    self.keep(run);
                    None
                }
            };
            unit += unit_bytes;
        }
        if let Some(run) = streak {
            self.keep(run);
        }
    }

    /// Stops touching the bytes `[low, high)` of a unit that others may touch. Answers whether this was the last part.
    fn leave_unit(&mut self, record: &UnitRecord, unit: usize, low: usize, high: usize) -> bool {
        if record.live.load(Ordering::Acquire) == 1 {
            return true;
        }
        let geometry = self.backend.geometry();
        let mut dead = 0_u16;
        for page in page_of(&geometry, low)..=page_of(&geometry, high - 1) {
            let begin = unit + page * geometry.page_bytes;
            let alone = low <= begin && begin + geometry.page_bytes <= high;
            if alone {
                record.pages[page].store(0, Ordering::Relaxed);
            }
            if alone || record.pages[page].fetch_sub(1, Ordering::AcqRel) == 1 {
                dead |= 1 << page;
            }
        }
        if dead != 0 {
            record.dead.fetch_or(dead, Ordering::AcqRel);
            let dead_bytes = dead.count_ones() as usize * geometry.page_bytes;
            self.account(Account::Dead, dead_bytes as isize);
            if !record.listed.swap(true, Ordering::AcqRel) {
                self.backend.lock().dead.push(record);
            }
        }
        record.live.fetch_sub(1, Ordering::AcqRel) == 1
    }

    /// Takes a unit that nobody touches any more. Answers it as a run if all of it has memory; if not, it is pooled.
    fn reclaim_unit(&mut self, record: &UnitRecord) -> Option<Run> {
        let records = self.backend.records();
        if record.dead.load(Ordering::Acquire) != 0 {
            self.backend.lock().dead.remove(record);
            let unpurged = record.unpurged_dead_pages() * records.geometry.page_bytes;
            self.account(Account::Dead, -(unpurged as isize));
            record.dead.store(0, Ordering::Relaxed);
        }
        record.live.store(0, Ordering::Relaxed);
        for page in &record.pages {
            page.store(0, Ordering::Relaxed);
        }
        let base = record.base()?;
        let run = Run { base, units: 1 };
        if record.cold() == 0 {
            records.mark(run, UnitState::Whole);
            return Some(run);
        }
        // In one hold of the lock: a child of a fork must not find a whole run without all of its memory.
        let mut shared = self.backend.lock();
        records.mark(run, UnitState::Whole);
        shared.release(records, run);
        None
    }
}

/// Both sizes as parts have them.
fn part_sizes(bytes_min: usize, bytes_want: usize) -> Result<(usize, usize), Fault> {
    let min = round_up(bytes_min.max(config::PART_ALIGN), config::PART_ALIGN);
    let want = round_up(bytes_want.max(bytes_min).max(config::PART_ALIGN), config::PART_ALIGN);
    match (min, want) {
        // Sums of a part's size and small constants must not wrap around.
        (Some(min), Some(want)) if want <= isize::MAX as usize => Ok((min, want)),
        _ => {
            let asked = bytes_min.max(bytes_want) as u64;
            Err(Fault::new(FaultCode::Exhaustion, "part").with(FactName::Asked, asked))
        }
    }
}
