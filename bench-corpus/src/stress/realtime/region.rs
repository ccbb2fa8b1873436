//! Cases of an actor's region: any size, beside quotas or alone.

use bench_measured::rng::Rng;
use compiler_alloc::actor::ActorHeap;
use compiler_alloc::fault::FaultCode;

use super::super::bench::{Bench, ensure};
use super::super::marked::{Blocks, Marked, churn, fill_and_thin, layout, take_until_refused};
use super::{BATCH, Owner, Parcel, builder, end, seal, sent_home};

/// Bytes of a region.
const REGION_BYTES: usize = 8 << 20;

/// Blocks of any size out of a region, beside a quota; after sealing nothing is asked of the page source.
pub(in super::super) fn region_local_free(bench: &mut Bench, seed: u64) -> Result<(), String> {
    let heap = seal(builder(bench).quota(layout(64), 500).capacity(REGION_BYTES))?;
    let calls = bench.pages().events();
    churn(&mut Owner(&heap), bench, &mut Rng::new(seed), 60_000, 2_000, 16_384)?;
    let more = bench.pages().events() - calls;
    ensure(more == 0, || format!("{more} calls of the page source after sealing"))?;
    region_is_whole(&heap)?;
    end(bench, heap)
}

/// One block takes nearly all of a region of which nothing is in use, so all of it has merged.
fn region_is_whole(heap: &ActorHeap) -> Result<(), String> {
    let most = layout(REGION_BYTES / 33 * 32);
    let block = heap.try_allocate(most).map_err(|fault| format!("an empty region in pieces: {fault}"))?;
    // SAFETY: must be a live block of this layout. It was allocated above.
    unsafe { heap.deallocate(block, most) };
    Ok(())
}

/// Parcels out of a region that is too small for all of them.
pub(in super::super) fn region_remote_free(bench: &mut Bench, seed: u64) -> Result<(), String> {
    sent_home(bench, seed, |declared| declared.capacity(BATCH * size_of::<Parcel>()))
}

/// A region nearly full of mixed blocks, nine of ten freed at random, then the rest: it is whole again.
pub(in super::super) fn region_fragmentation(bench: &mut Bench, seed: u64) -> Result<(), String> {
    let heap = seal(builder(bench).capacity(REGION_BYTES))?;
    let mut rng = Rng::new(seed);
    for _ in 0..8 {
        let filled = REGION_BYTES / 100 * 85;
        fill_and_thin(&mut Owner(&heap), bench, &mut rng, filled, 10_000, |_| Ok(()))?;
        region_is_whole(&heap)?;
    }
    end(bench, heap)
}

/// Blocks of up to half of a region between small ones.
pub(in super::super) fn region_large_objects(bench: &mut Bench, seed: u64) -> Result<(), String> {
    let heap = seal(builder(bench).capacity(REGION_BYTES))?;
    let (mut owner, mut rng) = (Owner(&heap), Rng::new(seed));
    for round in 0..200_u8 {
        let small: Option<Vec<Marked>> =
            (0..50).map(|_| Marked::take(&mut owner, rng.between(1, 500), round)).collect();
        let mut kept = small.ok_or("no room for small blocks")?;
        // The small blocks take less than a tenth of the other half.
        kept.push(Marked::take(&mut owner, rng.between(40_000, REGION_BYTES / 2), round).ok_or("no room")?);
        rng.shuffle(&mut kept);
        bench.operations += 2 * kept.len() as u64;
        kept.into_iter().try_for_each(|block| block.give_back(&mut owner))?;
        owner.check()?;
        bench.checks += 1;
    }
    region_is_whole(&heap)?;
    end(bench, heap)
}

/// A region is full: refused with the code when at least 94 % are in use (target R6), and serves again what was freed.
pub(in super::super) fn region_exhaustion(bench: &mut Bench, seed: u64) -> Result<(), String> {
    let heap = seal(builder(bench).capacity(REGION_BYTES))?;
    let (mut owner, mut rng) = (Owner(&heap), Rng::new(seed));
    for round in 0..20_u8 {
        let (mut kept, refused) = take_until_refused(&mut owner, bench, &mut rng, 10_000, round);
        let Err(fault) = heap.try_allocate(layout(refused)) else {
            return Err("refused, then served".into());
        };
        bench.note_refused(&fault);
        ensure(fault.code == FaultCode::Exhaustion, || format!("the wrong code: {fault}"))?;
        let live = heap.live().bytes;
        ensure(live >= REGION_BYTES / 100 * 94, || format!("refused with {live} bytes in use"))?;
        owner.check()?;
        bench.checks += 1;
        let freed = kept.swap_remove(rng.below(kept.len()));
        let bytes = freed.bytes();
        freed.give_back(&mut owner)?;
        kept.push(Marked::take(&mut owner, bytes, round).ok_or("refused after a free")?);
        kept.into_iter().try_for_each(|block| block.give_back(&mut owner))?;
    }
    region_is_whole(&heap)?;
    end(bench, heap)
}
