//! One experiment a rule of the page backend as `hosted-small` and `hosted-server` use it.

use compiler_alloc::config;
use compiler_alloc::heap::{self as library, TransferCache};
use compiler_alloc::profile::{compiler_internal, hosted_small};
use compiler_alloc::size_class::{BLOCK_BYTES_MAX, SizeClass};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::rule::{address_space_bytes, in_a_process_of_its_own};
use crate::stress::Bench;
use crate::stress::heap::{self, Block, Thread, Way, held_bytes};

/// Blocks of a round: about 7 MB.
const BLOCKS: usize = 40_000;
/// Address space of the limited process.
const LIMIT_BYTES: usize = 512 << 20;
/// Bytes of the blocks that fill it.
const FILLING_BYTES: usize = 64;

/// The measured value of `rule`, in the unit that the declaration names.
///
/// # Errors
/// When nothing measures it, or its experiment fails.
pub fn measure<W: Way>(rule: &str) -> Result<usize, String> {
    let geometry = compiler_internal::backend().geometry();
    match rule {
        "central-cache.heap-idle-bytes-max" => Ok(config::HEAP_IDLE_BYTES_MAX),
        "central-cache.growth-when-slabs-are-abandoned" => growth_when_abandoned::<W>(),
        "exhaustion.refused-bytes-held" => refused_bytes_held::<W>(),
        "exhaustion.usable-percent-under-limit" => in_a_process_of_its_own(rule, super::HOSTED_SMALL),
        "geometry.page-bytes" => Ok(geometry.page_bytes),
        "geometry.unit-bytes" => Ok(geometry.unit_bytes),
        "release-cleanup.held-bytes-after-thread-exit" => held_after_exit::<W>(),
        "release-cleanup.leak-bytes-after-shutdown" => leak_after_shutdown::<W>(),
        "span-allocation.largest-block" => Ok(BLOCK_BYTES_MAX),
        "span-allocation.slab-bytes-max" => {
            Ok(SizeClass::all().map(SizeClass::slab_bytes).max().unwrap_or(0))
        }
        "transfer-refill.span-cache-capacity" => Ok(config::CACHE_BYTES_MAX),
        "transfer-refill.transfer-cache-capacity" => Ok(library::BATCHES_MAX),
        "transfer-refill.transfer-cache-batch" => transfer_batch(),
        "transfer-refill.third-thread-hits-percent" => third_thread_hits(),
        "transfer-refill.warm-round-reservations" => warm_round_reservations::<W>(),
        _ => Err(format!("nothing measures the rule {rule} of a heap")),
    }
}

/// Blocks of many sizes, the same in every round.
fn round<W: Way>(thread: &mut Thread<W>) -> Result<Vec<Block>, String> {
    let size = |index: usize| 1 + index * 37 % 350;
    (0..BLOCKS)
        .map(|index| thread.alloc(size(index), index as u8).ok_or_else(|| "no memory".to_owned()))
        .collect()
}

/// What a second equal round of one thread reserves, when the first one's blocks were freed.
fn warm_round_reservations<W: Way>() -> Result<usize, String> {
    let mut bench = Bench::new();
    let mut thread = Thread::new(heap::heap::<W>(&bench), 1);
    for block in round(&mut thread)? {
        thread.free(block);
    }
    let before = bench.backend.stats().reservations;
    for block in round(&mut thread)? {
        thread.free(block);
    }
    let more = bench.backend.stats().reservations - before;
    drop(thread);
    bench.shut_down_clean()?;
    Ok(more)
}

/// Blocks that one batch of 64 bytes has: the fewest that another thread frees until a batch waits.
fn transfer_batch() -> Result<usize, String> {
    let mut bench = Bench::new();
    let heap = heap::heap::<TransferCache>(&bench);
    let (mut owner, mut other) = (Thread::new(heap, 1), Thread::new(heap, 2));
    let blocks: Option<Vec<Block>> = (0..1_024).map(|_| owner.alloc(FILLING_BYTES, 1)).collect();
    let mut batch = 0;
    for (index, block) in blocks.ok_or("no memory")?.into_iter().enumerate() {
        other.free(block);
        if batch == 0 && heap.transfer().totals().waiting > 0 {
            // The block that finds the chain full begins the next one.
            batch = index;
        }
    }
    drop((owner, other));
    heap::end(&mut bench, heap)?;
    Ok(batch)
}

/// Of a hundred refills of a thread that has nothing of its own, how many took a batch, when one thread allocates, a second frees and a third
/// allocates in turns.
fn third_thread_hits() -> Result<usize, String> {
    let mut bench = Bench::new();
    let heap = heap::heap::<TransferCache>(&bench);
    let (mut maker, mut other, mut third) =
        (Thread::new(heap, 1), Thread::new(heap, 2), Thread::new(heap, 3));
    let mut kept = Vec::new();
    for _ in 0..200 {
        let made: Option<Vec<Block>> = (0..256).map(|_| maker.alloc(FILLING_BYTES, 1)).collect();
        made.ok_or("no memory")?.into_iter().for_each(|block| other.free(block));
        for _ in 0..256 {
            kept.push(third.alloc(FILLING_BYTES, 2).ok_or("no memory")?);
        }
    }
    let counts = heap.transfer().totals();
    kept.into_iter().for_each(|block| third.free(block));
    drop((maker, other, third));
    heap::end(&mut bench, heap)?;
    Ok(counts.hits_per_mille() / 10)
}

/// How many bytes of spans the next thread takes, when half of the blocks of a thread that ended were freed.
fn growth_when_abandoned<W: Way>() -> Result<usize, String> {
    let mut bench = Bench::new();
    let heap = heap::heap::<W>(&bench);
    let mut first = Thread::new(heap, 1);
    let blocks: Result<Vec<Block>, _> =
        (0..BLOCKS).map(|_| first.alloc(FILLING_BYTES, 1).ok_or_else(|| "no memory".to_owned())).collect();
    let mut kept = Vec::new();
    for (index, block) in blocks?.into_iter().enumerate() {
        if index % 2 == 0 { kept.push(block) } else { first.free(block) }
    }
    drop(first);
    let held = held_bytes(&bench);
    let mut second = Thread::new(heap, 2);
    for _ in 0..BLOCKS / 2 - 1_024 {
        kept.push(second.alloc(FILLING_BYTES, 2).ok_or("no memory")?);
    }
    let growth = held_bytes(&bench).saturating_sub(held);
    kept.into_iter().for_each(|block| second.free(block));
    drop(second);
    heap.recall_all();
    bench.shut_down_clean()?;
    Ok(growth)
}

/// Bytes of spans that a refused request leaves held.
fn refused_bytes_held<W: Way>() -> Result<usize, String> {
    let mut bench = Bench::new();
    let mut thread = Thread::new(heap::heap::<W>(&bench), 1);
    let small = thread.alloc(1, 1).ok_or("no memory")?;
    let held = held_bytes(&bench);
    bench.pages().refuse_requests(0, usize::MAX);
    if thread.alloc(256 << 20, 1).is_some() {
        return Err("nothing was refused".into());
    }
    bench.pages().refuse_nothing();
    let left = held_bytes(&bench) - held;
    thread.free(small);
    drop(thread);
    bench.shut_down_clean()?;
    Ok(left)
}

/// Bytes of spans held when every block was freed and the thread has ended.
fn held_after_exit<W: Way>() -> Result<usize, String> {
    let mut bench = Bench::new();
    let mut thread = Thread::new(heap::heap::<W>(&bench), 1);
    for block in round(&mut thread)? {
        thread.free(block);
    }
    drop(thread);
    let held = held_bytes(&bench);
    bench.shut_down_clean()?;
    Ok(held)
}

/// Reserved less released once every block was freed, every thread has ended and the backend is shut down.
fn leak_after_shutdown<W: Way>() -> Result<usize, String> {
    let mut bench = Bench::new();
    let heap = heap::heap::<W>(&bench);
    let (mut owner, mut other) = (Thread::new(heap, 1), Thread::new(heap, 2));
    for block in round(&mut owner)? {
        other.free(block);
    }
    drop((owner, other));
    heap::end(&mut bench, heap)?;
    Ok(bench.reserved_bytes().saturating_sub(bench.released_bytes()))
}

/// The experiment of a rule that needs a process of its own, in this process.
///
/// # Errors
/// When there is no such rule or the process cannot be limited.
pub fn measure_here(rule: &str) -> Result<usize, String> {
    if rule == "exhaustion.usable-percent-under-limit" {
        usable_under_limit()
    } else {
        measure::<library::Direct>(rule)
    }
}

/// Share of what a limit on address space leaves that blocks of 64 bytes can have: the smaller of the first filling and the one after
/// everything was freed.
fn usable_under_limit() -> Result<usize, String> {
    let maximum = getrlimit(Resource::As).maximum;
    setrlimit(Resource::As, Rlimit { current: Some(LIMIT_BYTES as u64), maximum })
        .map_err(|error| format!("address space cannot be limited: {error}"))?;
    let left = LIMIT_BYTES.saturating_sub(address_space_bytes()?);
    let mut least = usize::MAX;
    for _ in 0..2 {
        // The blocks themselves are the list of blocks: nothing else may take memory now.
        let mut last: *mut *mut u8 = std::ptr::null_mut();
        let mut filled = 0;
        loop {
            let block = hosted_small::allocate(FILLING_BYTES).cast::<*mut u8>();
            if block.is_null() {
                break;
            }
            // SAFETY: must be room for a pointer. The block has 64 bytes, aligned to 16.
            unsafe { block.write(last.cast()) };
            last = block;
            filled += FILLING_BYTES;
        }
        least = least.min(filled);
        while !last.is_null() {
            // SAFETY: must be a pointer that was written. Each block was made to hold one.
            let before = unsafe { last.read() }.cast();
            // SAFETY: must be a block that was not freed and is not used again. It leaves the list here.
            unsafe { hosted_small::free(last.cast()) };
            last = before;
        }
    }
    Ok(least * 100 / left.max(1))
}

#[cfg(test)]
mod tests {
    use compiler_alloc::heap::Direct;

    use super::*;

    #[test]
    fn a_batch_is_a_chain_and_refills_of_a_third_thread_find_batches() {
        assert_eq!(transfer_batch(), Ok(32));
        assert!(third_thread_hits().expect("the experiment runs") >= 50);
    }

    #[test]
    fn a_second_equal_round_of_a_heap_reserves_nothing() {
        assert_eq!(measure::<Direct>("transfer-refill.warm-round-reservations"), Ok(0));
    }

    #[test]
    fn abandoned_slabs_serve_before_new_ones_are_made() {
        assert_eq!(measure::<Direct>("central-cache.growth-when-slabs-are-abandoned"), Ok(0));
    }

    #[test]
    fn a_refused_request_of_a_heap_holds_nothing_and_nothing_leaks() {
        for rule in [
            "exhaustion.refused-bytes-held",
            "release-cleanup.held-bytes-after-thread-exit",
            "release-cleanup.leak-bytes-after-shutdown",
        ] {
            assert_eq!(measure::<Direct>(rule), Ok(0), "{rule}");
        }
    }

    #[test]
    fn a_rule_of_a_heap_without_an_experiment_is_an_error() {
        assert!(measure::<Direct>("no-such-rule").is_err());
    }
}
