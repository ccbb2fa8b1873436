//! The validator of a heap: every record against the slab map, and a thread's slabs against its lists.

use super::{Heap, ThreadHeap};
use crate::config;
use crate::free_list::Block;
use crate::page_source::PageSource;
use crate::size_class::SizeClass;
use crate::slab::{Kind, Place, Slab, SlabList};
use crate::span::CheckError;
use crate::transfer::Transfer;
use core::ptr::NonNull;

fn equal(statement: &'static str, address: usize, expected: usize, found: usize) -> Result<(), CheckError> {
    if expected == found { Ok(()) } else { Err(CheckError { statement, address, expected, found }) }
}

impl<P: PageSource, T: Transfer> Heap<'_, P, T> {
    /// Validates every slab and large allocation. Takes the lock; cost: all units, and all blocks that wait in queues.
    ///
    /// # Errors
    /// The first statement that does not hold: corruption or misuse.
    ///
    /// # Safety
    /// - No other thread allocates from this heap or frees to it while the call runs: their queues are walked.
    pub unsafe fn check(&self) -> Result<(), CheckError> {
        let mut result = Ok(());
        self.lock().each_record(|record| {
            if result.is_ok() {
                result = self.check_record(record);
            }
        });
        result
    }

    /// Validates the books of a slab that nobody else uses meanwhile.
    fn check_slab(&self, record: &Slab) -> Result<(), CheckError> {
        let page_bytes = self.backend().geometry().page_bytes;
        record.check(page_bytes).map_err(|(statement, expected, found)| CheckError {
            statement,
            address: record.base(),
            expected,
            found,
        })
    }

    fn check_record(&self, record: &Slab) -> Result<(), CheckError> {
        let shown = match record.kind() {
            Kind::None => return equal("a record of nothing has no owner", 0, 0, record.owner()),
            Kind::Large => {
                let unit = record.base() & !(config::UNIT_BYTES - 1);
                unit..unit + config::UNIT_BYTES
            }
            Kind::Slab => {
                self.check_slab(record)?;
                record.base()..record.base() + record.span().bytes
            }
        };
        for unit in shown.step_by(config::UNIT_BYTES) {
            let found = self.map().slab(unit).as_ptr().addr();
            equal("the map shows the record for its units", unit, core::ptr::from_ref(record).addr(), found)?;
        }
        Ok(())
    }
}

impl<P: PageSource, T: Transfer> ThreadHeap<'_, P, T> {
    /// Validates what the thread has: its slabs are its own, where they say they are and as full as they say, and its lists
    /// hold blocks of them that count as used. Cost: the thread's slabs, and the blocks of their queues and of its lists.
    ///
    /// # Errors
    /// The first statement that does not hold: corruption or misuse.
    pub fn check(&self) -> Result<(), CheckError> {
        let Some(body) = self.body else { return Ok(()) };
        // SAFETY: needs a live body that nobody writes; it is this thread's.
        let body = unsafe { body.as_ref() };
        for class in SizeClass::all() {
            let bin = &body.bins[class.index()];
            let owned = |slab: NonNull<Slab>, place: Place| {
                // SAFETY: needs a live record; listed slabs are live.
                let record = unsafe { slab.as_ref() };
                equal("a thread owns its slabs", record.base(), body.token.get(), record.owner())?;
                body.heap.check_slab(record)?;
                equal(
                    "a slab knows its class",
                    record.base(),
                    class.index(),
                    record.class().map_or(0, SizeClass::index),
                )?;
                equal("a slab knows where it is", record.base(), place as usize, record.place() as usize)
            };
            body.current[class.index()].map_or(Ok(()), |slab| owned(slab, Place::Current))?;
            for (list, place) in [(&bin.room, Place::Room), (&bin.full, Place::Full)] {
                equal("a list knows its length", 0, list.len(), each(list, |slab| owned(slab, place))?)?;
            }
            self.check_list(class)?;
        }
        Ok(())
    }

    fn check_list(&self, class: SizeClass) -> Result<(), CheckError> {
        let Some(body) = self.body else { return Ok(()) };
        // SAFETY: needs a live body that nobody writes; it is this thread's.
        let body = unsafe { body.as_ref() };
        let (mut blocks, mut next) = (0, NonNull::new(self.lists[class.index()]));
        while let Some(block) = next {
            let address = block.as_ptr().addr();
            // SAFETY: needs a live record, or the record of nothing; the map shows nothing else.
            let record = unsafe { body.heap.map().slab(address).as_ref() };
            equal(
                "a list holds blocks of the class",
                address,
                class.index(),
                record.class().map_or(0, SizeClass::index),
            )?;
            equal("a list holds whole blocks", address, 1, usize::from(record.is_block(address)))?;
            blocks += 1;
            // Another thread's slab, of which a batch came by the transfer cache: its counters are not for us to read.
            let is_own = record.owner() == body.token.get();
            let is_too_long = is_own && blocks > record.used();
            equal("a list is not longer than what is used", address, 0, usize::from(is_too_long))?;
            // SAFETY: needs a written link; the block is on a list, and not the last one unless the link is null.
            next = NonNull::new(unsafe { Block::next(block) });
        }
        Ok(())
    }
}

/// Visits every slab of a list; answers how many there are.
fn each(
    list: &SlabList,
    mut visit: impl FnMut(NonNull<Slab>) -> Result<(), CheckError>,
) -> Result<usize, CheckError> {
    let (mut slabs, mut next) = (0, list.first());
    while let Some(slab) = next {
        visit(slab)?;
        slabs += 1;
        // SAFETY: needs a slab of this list that we may touch; it was reached from the first one.
        next = unsafe { list.after(slab) };
    }
    Ok(slabs)
}
