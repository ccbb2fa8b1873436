//! Threads that hand parts and spans to each other, for the thread sanitizer.
//!
//! Its only synchronisation is the library's atomics, the atomics of the letter boxes below, and joining: the standard
//! library is not instrumented, so its channels and locks would be reported although they are right. Run by
//! `make sanitize`; ends with an error if a structure does not hold or memory does not come back.

use compiler_alloc::page_source::MmapPages;
use compiler_alloc::span::{Holder, Part, SpanBackend, SpanCache};
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicUsize, Ordering};

const THREADS: u64 = 4;
const STEPS: usize = 20_000;
const EMPTY: usize = 0;
const BUSY: usize = 1;
const FULL: usize = 2;

/// Holds a part on its way from one thread to another.
struct LetterBox {
    state: AtomicUsize,
    letter: UnsafeCell<Option<(Part, u8)>>,
}

// SAFETY: needs that one thread at a time uses the letter; whoever moved the state to busy does.
unsafe impl Sync for LetterBox {}

impl LetterBox {
    /// Exchanges the letter while the box is in state `from`; leaves it full or empty.
    fn exchange(&self, from: usize, letter: Option<(Part, u8)>) -> Result<Option<(Part, u8)>, ()> {
        self.state.compare_exchange(from, BUSY, Ordering::Acquire, Ordering::Relaxed).map_err(|_| ())?;
        let next = if letter.is_some() { FULL } else { EMPTY };
        // SAFETY: needs that nobody else uses the letter; the state is busy, by this thread.
        let old = std::mem::replace(unsafe { &mut *self.letter.get() }, letter);
        self.state.store(next, Ordering::Release);
        Ok(old)
    }
}

fn fill(part: Part, byte: u8) {
    // SAFETY: needs memory of ours; the part was taken or received, and has this many bytes.
    unsafe { part.low.write_bytes(byte, part.bytes) }
}

fn assert_filled(part: Part, byte: u8) {
    for offset in (0..part.bytes).step_by(127) {
        // SAFETY: needs to stay inside the part.
        let place = unsafe { part.low.add(offset) };
        // SAFETY: needs initialised memory of ours; `fill` wrote it before the part was sent.
        assert_eq!(unsafe { place.read() }, byte);
    }
}

fn work(seed: u64, backend: &SpanBackend<MmapPages>, boxes: &[LetterBox]) {
    let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut below = |bound: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random as usize % bound
    };
    let mut cache = SpanCache::new(backend);
    for step in 0..STEPS {
        let letter_box = &boxes[below(boxes.len())];
        let byte = step as u8;
        if let Ok(Some((part, byte))) = letter_box.exchange(FULL, None) {
            assert_filled(part, byte);
            // SAFETY: needs a part of ours; it came out of the box, once.
            unsafe { cache.release(part, Holder::Arena) };
        } else {
            let want = 16 + below(20_000);
            let Ok(mut part) = cache.take(16, want, Holder::Arena) else { continue };
            // SAFETY: needs a part of ours, as it is; it was taken above.
            if let Some(low) = unsafe { cache.extend_down(part, below(5000), Holder::Arena) } {
                part = Part { low, bytes: part.bytes + part.low.as_ptr().addr() - low.as_ptr().addr() };
            }
            fill(part, byte);
            if letter_box.exchange(EMPTY, Some((part, byte))).is_err() {
                // SAFETY: needs a part of ours; nobody took it.
                unsafe { cache.release(part, Holder::Arena) };
            }
        }
        if step % 512 == 0 {
            cache.trim(below(1 << 20));
        }
    }
}

fn main() {
    let backend: &'static SpanBackend<MmapPages> = Box::leak(Box::new(SpanBackend::new(MmapPages::new())));
    let boxes: &'static [LetterBox] = (0..64)
        .map(|_| LetterBox { state: AtomicUsize::new(EMPTY), letter: UnsafeCell::new(None) })
        .collect::<Vec<_>>()
        .leak();
    let threads: Vec<_> =
        (1..=THREADS).map(|seed| std::thread::spawn(move || work(seed, backend, boxes))).collect();
    for thread in threads {
        thread.join().expect("a thread found wrong contents");
    }
    let mut cache = SpanCache::new(backend);
    for letter_box in boxes {
        if let Ok(Some((part, byte))) = letter_box.exchange(FULL, None) {
            assert_filled(part, byte);
            // SAFETY: needs a part of ours; it came out of the box, once.
            unsafe { cache.release(part, Holder::Arena) };
        }
    }
    drop(cache);
    backend.check().expect("every structure holds");
    let report = backend.shutdown();
    assert_eq!((report.live_units, report.threads, report.record_bytes), (0, 0, 0));
    println!("tsan_handoff: {THREADS} threads, {STEPS} steps each, all memory came back");
}
