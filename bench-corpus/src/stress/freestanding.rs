//! Cases of `freestanding`: one owner, storage that is the case's own, and nothing else.

use std::alloc::Layout;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use bench_measured::rng::Rng;
use compiler_alloc::fault::FaultCode;
use compiler_alloc::profile::freestanding::Freestanding;

use super::bench::{Bench, ensure};
use super::marked::{Blocks, Marked, churn, fill_and_thin, layout, take_until_refused};

/// Sizes of storage: without slab pages, with them, and with kept blocks.
const STORAGES: [usize; 3] = [64 << 10, 1 << 20, 16 << 20];

/// Storage begins at a page, so that the same calls give the same answers.
const STORAGE_ALIGN: usize = 4 << 10;

/// A heap that somebody borrowed for the time of a case.
struct Owner<'h>(&'h Freestanding<'h>);

// SAFETY: blocks must be valid and unshared until they are given back. The heap lends no others.
unsafe impl Blocks for Owner<'_> {
    fn take(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        self.0.allocate(layout).ok()
    }

    unsafe fn give_back(&mut self, place: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller keeps the duties of this call, which are the same.
        unsafe { self.0.deallocate(place, layout) }
    }

    unsafe fn resize(&mut self, place: NonNull<u8>, layout: Layout, bytes: usize) -> Option<NonNull<u8>> {
        // SAFETY: the caller keeps the duties of this call, which are the same.
        unsafe { self.0.resize(place, layout, bytes) }.ok()
    }

    fn check(&mut self) -> Result<(), String> {
        self.0.check().map(|_| ()).map_err(|error| format!("the validator: {error:?}"))
    }
}

/// Runs `work` on a heap in storage of `bytes` bytes; afterwards all of the storage must be free again, in one piece. The storage counts as
/// reserved, and as released when it is.
fn with_storage(
    bench: &mut Bench,
    bytes: usize,
    work: impl FnOnce(&mut Bench, &Freestanding<'_>) -> Result<(), String>,
) -> Result<(), String> {
    let mut room = vec![MaybeUninit::<u8>::uninit(); bytes + STORAGE_ALIGN];
    let skipped = room.as_ptr().align_offset(STORAGE_ALIGN);
    let heap = Freestanding::new(&mut room[skipped..skipped + bytes]).map_err(|fault| fault.to_string())?;
    bench.count_bytes(bytes, 0);
    work(bench, &heap)?;
    heap.reclaim();
    let census = heap.check().map_err(|error| format!("the validator: {error:?}"))?;
    bench.checks += 1;
    ensure(census.live_bytes == 0, || format!("{} bytes are still in use", census.live_bytes))?;
    ensure(heap.free_bytes() == heap.capacity_bytes(), || {
        format!("{} of {} bytes are free", heap.free_bytes(), heap.capacity_bytes())
    })?;
    ensure(census.largest_free_bytes == heap.capacity_bytes(), || {
        format!("the largest free range has {} of {} bytes", census.largest_free_bytes, heap.capacity_bytes())
    })?;
    bench.count_bytes(0, bytes);
    Ok(())
}

/// Runs `work`, which is told the bytes, on a heap in each size of storage, as [`with_storage`] does.
fn in_every_storage(
    bench: &mut Bench,
    work: impl Fn(&mut Bench, &Freestanding<'_>, usize) -> Result<(), String>,
) -> Result<(), String> {
    STORAGES
        .into_iter()
        .try_for_each(|bytes| with_storage(bench, bytes, |bench, heap| work(bench, heap, bytes)))
}

/// Blocks and resizes at random, in every size of storage.
pub(super) fn local_free(bench: &mut Bench, seed: u64) -> Result<(), String> {
    in_every_storage(bench, |bench, heap, bytes| {
        let refused = churn(&mut Owner(heap), bench, &mut Rng::new(seed), 30_000, bytes / 2_000, 2_000)?;
        ensure(refused == 0, || format!("{refused} requests were refused"))
    })
}

/// Half of the storage in mixed blocks, a random nine of ten freed, then the rest.
pub(super) fn fragmentation(bench: &mut Bench, seed: u64) -> Result<(), String> {
    for bytes in STORAGES {
        let mut rng = Rng::new(seed);
        for _ in 0..3 {
            with_storage(bench, bytes, |bench, heap| {
                fill_and_thin(&mut Owner(heap), bench, &mut rng, bytes / 2, 1_500, |owner| {
                    let free = owner.0.free_bytes();
                    ensure(free > bytes / 2, || format!("{free} of {bytes} bytes are free"))
                })
            })?;
        }
    }
    Ok(())
}

/// Blocks of up to three quarters of the storage between small ones.
pub(super) fn large_objects(bench: &mut Bench, seed: u64) -> Result<(), String> {
    in_every_storage(bench, |bench, heap, bytes| {
        let mut rng = Rng::new(seed);
        let mut owner = Owner(heap);
        for step in 0..40_u8 {
            let small = Marked::take(&mut owner, rng.between(1, 500), step).ok_or("no memory")?;
            let large = Marked::take(&mut owner, bytes / 4 * 3, step).ok_or("no memory for a large block")?;
            let second = Marked::take(&mut owner, bytes / 4 * 3, step);
            ensure(second.is_none(), || "more than the storage was lent".to_owned())?;
            large.give_back(&mut owner)?;
            small.give_back(&mut owner)?;
            bench.operations += 4;
        }
        Ok(())
    })
}

/// The storage fills up: refused with the code, nothing changed, and the same request succeeds after a free.
pub(super) fn exhaustion(bench: &mut Bench, seed: u64) -> Result<(), String> {
    in_every_storage(bench, |bench, heap, _| {
        let mut rng = Rng::new(seed);
        let mut owner = Owner(heap);
        for _ in 0..4 {
            let (mut kept, refused_bytes) = take_until_refused(&mut owner, bench, &mut rng, 3_000, 3);
            let Err(fault) = heap.allocate(layout(refused_bytes)) else {
                return Err("refused, then served".into());
            };
            bench.note_refused(&fault);
            ensure(fault.code == FaultCode::Exhaustion, || format!("the wrong code: {fault}"))?;
            owner.check()?;
            let place = rng.below(kept.len());
            kept.swap_remove(place).give_back(&mut owner)?;
            // A free of its size, or more of them, and the request that was refused is served.
            while let Some(block) = kept.pop() {
                block.give_back(&mut owner)?;
                if let Some(block) = Marked::take(&mut owner, refused_bytes, 4) {
                    block.give_back(&mut owner)?;
                    break;
                }
            }
            ensure(!kept.is_empty(), || "what was refused succeeds only when nothing lives".to_owned())?;
            kept.into_iter().try_for_each(|block| block.give_back(&mut owner))?;
        }
        Ok(())
    })
}

/// Owners come, fill, empty and go; the storage is whole between them.
pub(super) fn clean(bench: &mut Bench, seed: u64) -> Result<(), String> {
    for round in 0..20 {
        with_storage(bench, 1 << 20, |bench, heap| {
            churn(&mut Owner(heap), bench, &mut Rng::new(seed ^ round), 1_000, 200, 20_000).map(|_| ())
        })?;
    }
    Ok(())
}

/// Local allocations and frees at the edge: blocks until one is refused, a random half of them freed, and again; what is refused is refused whole.
pub(super) fn local_refused(bench: &mut Bench, seed: u64) -> Result<(), String> {
    in_every_storage(bench, |bench, heap, bytes| {
        let mut rng = Rng::new(seed);
        let mut owner = Owner(heap);
        let mut kept: Vec<Marked> = Vec::new();
        for round in 0..10_u8 {
            while let Some(block) = Marked::take(&mut owner, rng.between(1, bytes / 100), round) {
                kept.push(block);
                bench.operations += 2;
            }
            let fault = heap.allocate(layout(bytes)).err().ok_or("more was served than there is")?;
            bench.note_refused(&fault);
            owner.check()?;
            bench.checks += 1;
            rng.shuffle(&mut kept);
            let freed = kept.split_off(kept.len() / 2);
            freed.into_iter().try_for_each(|block| block.give_back(&mut owner))?;
        }
        kept.into_iter().try_for_each(|block| block.give_back(&mut owner))
    })
}

/// Every other block freed: a block that needs more than a gap is refused although more bytes are free; it is served when its neighbours go.
pub(super) fn fragmented(bench: &mut Bench, seed: u64) -> Result<(), String> {
    in_every_storage(bench, |bench, heap, _| {
        let mut rng = Rng::new(seed);
        let mut owner = Owner(heap);
        let size = rng.between(5_000, 6_000);
        let mut kept: Vec<Marked> = std::iter::from_fn(|| Marked::take(&mut owner, size, 9)).collect();
        bench.operations += kept.len() as u64;
        let mut index = 0;
        let (freed, rest): (Vec<_>, Vec<_>) = kept.drain(..).partition(|_| {
            index += 1;
            index % 2 == 0
        });
        freed.into_iter().try_for_each(|block| block.give_back(&mut owner))?;
        ensure(heap.free_bytes() > 3 * size, || "too little is free for this to show anything".to_owned())?;
        let fault = heap.allocate(layout(3 * size)).err().ok_or("three gaps were one")?;
        bench.note_refused(&fault);
        ensure(fault.code == FaultCode::Exhaustion, || format!("the wrong code: {fault}"))?;
        owner.check()?;
        rest.into_iter().try_for_each(|block| block.give_back(&mut owner))?;
        Marked::take(&mut owner, 3 * size, 1)
            .ok_or("refused although everything is free")?
            .give_back(&mut owner)
    })
}

/// Storage filled to the last block, emptied and filled again: the second time holds as many blocks as the first.
pub(super) fn refilled(bench: &mut Bench, seed: u64) -> Result<(), String> {
    in_every_storage(bench, |bench, heap, _| {
        let mut owner = Owner(heap);
        let size = Rng::new(seed).between(100, 200);
        let mut counts = Vec::new();
        for round in 0..3_u8 {
            let kept: Vec<Marked> = std::iter::from_fn(|| Marked::take(&mut owner, size, round)).collect();
            counts.push(kept.len());
            bench.operations += 2 * kept.len() as u64;
            owner.check()?;
            bench.checks += 1;
            kept.into_iter().rev().try_for_each(|block| block.give_back(&mut owner))?;
        }
        ensure(counts.iter().all(|&count| count == counts[0] && count > 0), || {
            format!("blocks of {size} bytes that found room: {counts:?}")
        })
    })
}
