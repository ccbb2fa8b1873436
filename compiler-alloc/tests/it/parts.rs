//! Parts of open spans: cutting, growing in place, donating, leaving.

use crate::spans::Random;
use compiler_alloc::fault::FaultCode;
use compiler_alloc::page_source::{FixedPages, MmapPages, PageSource, SystemPages};
use compiler_alloc::span::{Holder, Part, SpanBackend, SpanCache};
use core::mem::MaybeUninit;

fn fill(part: Part, byte: u8) {
    // SAFETY: the part is ours and has this many bytes.
    unsafe { part.low.write_bytes(byte, part.bytes) }
}

fn assert_filled(part: Part, byte: u8) {
    for offset in (0..part.bytes).step_by(61).chain([part.bytes - 1]) {
        // SAFETY: inside the part, which `fill` initialised.
        let place = unsafe { part.low.add(offset) };
        // SAFETY: initialised by `fill`, and nobody else has the part.
        assert_eq!(unsafe { place.read() }, byte);
    }
}

#[test]
fn a_part_grows_in_place_while_the_tail_is_below_it() {
    let backend = SpanBackend::new(MmapPages::new());
    let mut cache = SpanCache::new(&backend);
    let mut part = cache.take(64, 4096, Holder::Arena).unwrap();
    let high = part.low.as_ptr().addr() + part.bytes;
    for _ in 0..20 {
        // SAFETY: the part is ours, as it is.
        let same = unsafe { cache.extend_down(part, 0, Holder::Arena) };
        assert_eq!(same, Some(part.low), "nothing was asked for");
        // SAFETY: as above.
        let low = unsafe { cache.extend_down(part, 5000, Holder::Arena) }.unwrap();
        part = Part { low, bytes: high - low.as_ptr().addr() };
        fill(part, 1);
        backend.check().unwrap();
    }
    let other = cache.take(64, 4096, Holder::Arena).unwrap();
    // SAFETY: the part is ours, as it is.
    assert_eq!(unsafe { cache.extend_down(part, 16, Holder::Arena) }, None);
    assert_eq!(backend.stats().arena_live_bytes, part.bytes + other.bytes);
    for part in [part, other] {
        // SAFETY: taken above.
        unsafe { cache.release(part, Holder::Arena) };
    }
    backend.check().unwrap();
    cache.flush();
    backend.check().unwrap();
    assert_eq!(backend.shutdown().leak(), None);
}

/// Takes, grows, donates and releases parts of up to `2^magnitude_max` bytes at random over two caches; what is held keeps
/// its contents, the structures hold, and all comes back.
fn random_parts<P: PageSource>(pages: P, magnitude_max: usize, steps: usize) {
    let backend = SpanBackend::new(pages);
    let mut caches = [SpanCache::new(&backend), SpanCache::new(&backend)];
    let mut random = Random(0xfeed);
    let mut held: Vec<(Part, u8)> = Vec::new();
    let (mut taken, mut grown, mut refused) = (0, 0, 0);
    for step in 0..steps {
        let cache = &mut caches[random.below(2)];
        let byte = step as u8;
        match random.below(10) {
            0..=3 if held.len() < 300 => {
                let magnitude = random.below(magnitude_max + 1);
                let want = 1 + random.below(1 << magnitude);
                match cache.take(want.min(256), want, Holder::Arena) {
                    Ok(part) => {
                        fill(part, byte);
                        held.push((part, byte));
                        taken += 1;
                    }
                    Err(fault) => {
                        assert_eq!(fault.code, FaultCode::Exhaustion);
                        refused += 1;
                    }
                }
            }
            4 if !held.is_empty() => {
                // The part taken last most often borders a tail.
                let index = held.len() - 1;
                let (part, old) = held[index];
                let more = 1 + random.below(1 << (magnitude_max / 2 + 1));
                // SAFETY: the part is ours, as it is.
                if let Some(low) = unsafe { cache.extend_down(part, more, Holder::Arena) } {
                    assert_filled(part, old);
                    let bytes = part.low.as_ptr().addr() + part.bytes - low.as_ptr().addr();
                    fill(Part { low, bytes }, byte);
                    held[index] = (Part { low, bytes }, byte);
                    grown += 1;
                }
            }
            5 if !held.is_empty() => {
                let index = random.below(held.len());
                let (part, old) = held[index];
                // SAFETY: inside the part.
                let keep_from = unsafe { part.low.add(random.below(part.bytes) & !15) };
                // SAFETY: the part is ours, and the low bytes are not used again.
                let kept = unsafe { cache.donate(part, keep_from, Holder::Arena) };
                assert_filled(kept, old);
                held[index] = (kept, old);
            }
            6..=8 if !held.is_empty() => {
                let (part, old) = held.swap_remove(random.below(held.len()));
                assert_filled(part, old);
                // SAFETY: ours, removed from the list.
                unsafe { cache.release(part, Holder::Arena) };
            }
            _ if step % 7 == 0 => cache.trim(random.below(1 << 20)),
            _ => {}
        }
        if step % 16 == 0 {
            backend.check().unwrap();
            let live: usize = held.iter().map(|(part, _)| part.bytes).sum();
            assert_eq!(backend.stats().live_bytes(), live);
        }
    }
    assert!(
        taken > steps / 10 && grown > steps / 200,
        "{taken} parts taken, {grown} grown, {refused} refused"
    );
    for (part, byte) in held {
        assert_filled(part, byte);
        // SAFETY: ours, released once.
        unsafe { caches[0].release(part, Holder::Arena) };
    }
    backend.check().unwrap();
    assert_eq!(backend.stats().live_bytes(), 0);
    drop(caches);
    backend.check().unwrap();
    let report = backend.shutdown();
    assert_eq!((report.live_units, report.record_bytes, report.threads), (0, 0, 0));
}

#[test]
fn random_parts_keep_their_contents_and_all_come_back() {
    random_parts(MmapPages::new(), 20, 20_000);
}

#[test]
fn random_parts_of_system_pages_keep_their_contents_and_all_come_back() {
    random_parts(SystemPages::new(), 17, 5_000);
}

#[test]
fn random_parts_of_a_fixed_buffer_keep_their_contents_and_all_come_back() {
    for (bytes, magnitude_max) in [(16 << 10, 9), (100_000, 11), (4 << 20, 15)] {
        let mut storage = vec![MaybeUninit::<u8>::uninit(); bytes];
        random_parts(FixedPages::new(&mut storage), magnitude_max, 5_000);
    }
}

#[test]
fn a_part_of_impossible_size_is_refused_and_disturbs_nothing() {
    let backend = SpanBackend::new(MmapPages::new());
    let mut cache = SpanCache::new(&backend);
    let part = cache.take(64, 4096, Holder::Arena).unwrap();
    fill(part, 1);
    for wanted in [isize::MAX as usize + 1, usize::MAX - 80, usize::MAX - 15, usize::MAX] {
        assert_eq!(cache.take(16, wanted, Holder::Arena).unwrap_err().code, FaultCode::Exhaustion);
    }
    backend.check().unwrap();
    assert_filled(part, 1);
    // SAFETY: taken above, as it is, and not used afterwards.
    unsafe { cache.release(part, Holder::Arena) };
    drop(cache);
    assert!(backend.shutdown().leak().is_none());
}

#[test]
#[cfg(target_os = "linux")]
fn a_request_for_more_memory_than_there_is_is_refused_at_once() {
    let always =
        std::fs::read_to_string("/proc/sys/vm/overcommit_memory").is_ok_and(|mode| mode.trim() == "1");
    let source = MmapPages::new();
    match source.reserve(1 << 45, 4096) {
        Ok(base) => {
            // SAFETY: reserved above, whole, never used.
            unsafe { source.release(base, 1 << 45) };
            assert!(always, "32 TiB were granted by a system that does not overcommit without limit");
        }
        Err(_) => assert!(!always, "the system grants everything, but not this"),
    }
}

#[test]
fn sources_refuse_reservations_that_make_no_sense() {
    assert!(SystemPages::new().reserve(0, 64).is_err());
    assert!(MmapPages::new().reserve(0, 64).is_err());
    for align in [0, 3, 5000, 12_289] {
        assert!(MmapPages::new().reserve(1 << 16, align).is_err(), "{align}");
    }
}
