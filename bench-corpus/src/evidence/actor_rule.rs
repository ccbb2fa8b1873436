//! One experiment a rule of the page backend as `realtime` uses it.

use bench_measured::rng::Rng;
use compiler_alloc::actor::ActorHeap;

use crate::stress::{Bench, layout};

/// Seed of what is drawn.
const SEED: u64 = 116;

/// Bytes of a region.
const REGION_BYTES: usize = 16 << 20;

/// Blocks of a region have at most so many bytes.
const REGION_BLOCK_BYTES_MAX: usize = 10_000;

/// The mix that is declared: sizes and numbers of blocks.
const MIX: [(usize, usize); 4] = [(64, 10_000), (256, 2_000), (1_024, 500), (16_384, 20)];

/// The measured value of `rule`, in the unit that the declaration names.
///
/// # Errors
/// When nothing measures it, or its experiment fails.
pub fn measure(rule: &str) -> Result<usize, String> {
    let mut bench = Bench::new();
    let geometry = bench.backend.geometry();
    let declared = ActorHeap::builder(bench.backend);
    let declared = if REGION_RULES.contains(&rule) {
        declared.capacity(REGION_BYTES)
    } else {
        MIX.into_iter().fold(declared, |builder, (bytes, blocks)| builder.quota(layout(bytes), blocks))
    };
    let heap = declared.senders(1, 16).best_effort_locking().seal().map_err(|fault| fault.to_string())?;
    let calls = bench.pages().events();
    let value = match rule {
        "exhaustion.refused-bytes-held" => refused_bytes_held(&heap)?,
        "geometry.page-bytes" => geometry.page_bytes,
        "geometry.unit-bytes" => geometry.unit_bytes,
        "release-cleanup.calls-after-seal" => {
            fill(&heap)?;
            bench.pages().events() - calls
        }
        "release-cleanup.leak-bytes-after-shutdown" => {
            fill(&heap)?;
            0
        }
        "span-allocation.reserved-percent-of-declared" => {
            let declared: usize = MIX.iter().map(|(bytes, blocks)| bytes * blocks).sum();
            heap.reserved_bytes().div_ceil(declared / 100)
        }
        "exhaustion.usable-percent-of-region" => fill_region(&heap)?.0,
        "release-cleanup.largest-block-percent-of-region" => fill_region(&heap)?.1,
        "span-allocation.usable-percent-of-quotas" => {
            let declared: usize = MIX.iter().map(|(_, blocks)| blocks).sum();
            fill(&heap)? * 100 / declared
        }
        _ => return Err(format!("nothing measures the rule {rule} of realtime")),
    };
    heap.check().map_err(|error| format!("the actor's validator: {error}"))?;
    if let Some(leak) = heap.shutdown().leak() {
        return Err(leak.to_string());
    }
    bench.shut_down_clean()?;
    let leaked = bench.reserved_bytes() - bench.released_bytes();
    Ok(if rule == "release-cleanup.leak-bytes-after-shutdown" { leaked } else { value })
}

/// Takes every block of every quota, the largest first, and gives all back; answers how many there were.
fn fill(heap: &ActorHeap) -> Result<usize, String> {
    let mut kept = Vec::new();
    for (bytes, blocks) in MIX.into_iter().rev() {
        for _ in 0..blocks {
            let block = heap.try_allocate(layout(bytes)).map_err(|fault| fault.to_string())?;
            kept.push((block, layout(bytes)));
        }
    }
    let served = kept.len();
    for (block, layout) in kept {
        // SAFETY: must be a live block of this layout that nobody uses again. It was allocated above and leaves the list.
        unsafe { heap.deallocate(block, layout) };
    }
    Ok(served)
}

/// Rules about a heap that has a region and no quotas.
const REGION_RULES: [&str; 2] =
    ["exhaustion.usable-percent-of-region", "release-cleanup.largest-block-percent-of-region"];

/// Blocks of random size until one is refused, a random tenth freed, again, ten times; then all freed. Answers the least percentage that was in
/// use when one was refused, and the percentage that one block can have in the end.
fn fill_region(heap: &ActorHeap) -> Result<(usize, usize), String> {
    let mut rng = Rng::new(SEED);
    let mut kept = Vec::new();
    let mut least = usize::MAX;
    let mut give_back = |(block, layout)| {
        // SAFETY: must be a live block of this layout that nobody uses again. It was allocated below and has left the list.
        unsafe { heap.deallocate(block, layout) }
    };
    for _ in 0..10 {
        loop {
            let wanted = layout(rng.between(1, REGION_BLOCK_BYTES_MAX));
            let Some(block) = heap.allocate(wanted) else { break };
            kept.push((block, wanted));
        }
        least = least.min(heap.live().bytes);
        rng.shuffle(&mut kept);
        kept.split_off(kept.len() / 10 * 9).into_iter().for_each(&mut give_back);
    }
    kept.into_iter().for_each(give_back);
    let largest = (0..=100).rev().find(|percent| {
        let whole = layout(REGION_BYTES / 100 * percent);
        let block = heap.allocate(whole);
        // SAFETY: must be a live block of this layout that nobody uses again. It was just allocated.
        block.inspect(|&block| unsafe { heap.deallocate(block, whole) }).is_some()
    });
    Ok((least / (REGION_BYTES / 100), largest.ok_or("not even a block of no bytes")?))
}

/// What a request that no quota serves leaves in use.
fn refused_bytes_held(heap: &ActorHeap) -> Result<usize, String> {
    let before = heap.live().bytes;
    if heap.try_allocate(layout(1 << 20)).is_ok() {
        return Err("a block was served that nobody declared".into());
    }
    Ok(heap.live().bytes - before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_actor_asks_nothing_and_gives_everything_back() {
        for rule in [
            "release-cleanup.calls-after-seal",
            "release-cleanup.leak-bytes-after-shutdown",
            "exhaustion.refused-bytes-held",
        ] {
            assert_eq!(measure(rule), Ok(0), "{rule}");
        }
        assert!(measure("no-such-rule").is_err());
    }

    #[test]
    fn quotas_give_all_that_was_declared_from_little_more() {
        assert_eq!(measure("span-allocation.usable-percent-of-quotas"), Ok(100));
        let percent = measure("span-allocation.reserved-percent-of-declared").expect("the experiment runs");
        assert!((100..=125).contains(&percent), "{percent}");
    }

    #[test]
    fn a_region_is_used_almost_whole_and_comes_back_whole() {
        let least = measure("exhaustion.usable-percent-of-region").expect("the experiment runs");
        assert!((94..=100).contains(&least), "{least}");
        let largest =
            measure("release-cleanup.largest-block-percent-of-region").expect("the experiment runs");
        assert!((97..=100).contains(&largest), "{largest}");
    }
}
