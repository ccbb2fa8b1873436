//! Threads that free each other's blocks, for the thread sanitizer.
//!
//! Its only synchronisation is the library's atomics, the atomics of the letter boxes below, and joining: the standard
//! library is not instrumented, so its channels and locks would be reported although they are right. Run by
//! `make sanitize`; ends with an error if a structure does not hold or memory does not come back.

use compiler_alloc::heap::{Heap, HeapLeft, SlabMap, ThreadHeap, ThreadToken};
use compiler_alloc::page_source::MmapPages;
use compiler_alloc::span::SpanBackend;
use std::cell::UnsafeCell;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};

const THREADS: usize = 4;
const STEPS: usize = 30_000;
/// A thread heap ends after this many steps, and another begins, with a token of its own.
const LIFE_STEPS: usize = 3_000;
const EMPTY: usize = 0;
const BUSY: usize = 1;
const FULL: usize = 2;

/// A block with its size; every byte of it is the size's low byte.
type Letter = (*mut u8, usize);

/// Holds a block on its way from one thread to another.
struct LetterBox {
    state: AtomicUsize,
    letter: UnsafeCell<Option<Letter>>,
}

// SAFETY: needs that one thread at a time uses the letter; whoever moved the state to busy does.
unsafe impl Sync for LetterBox {}

impl LetterBox {
    /// Exchanges the letter while the box is in state `from`; leaves it full or empty.
    fn exchange(&self, from: usize, letter: Option<Letter>) -> Result<Option<Letter>, ()> {
        self.state.compare_exchange(from, BUSY, Ordering::Acquire, Ordering::Relaxed).map_err(|_| ())?;
        let next = if letter.is_some() { FULL } else { EMPTY };
        // SAFETY: needs that nobody else uses the letter; the state is busy, by this thread.
        let old = std::mem::replace(unsafe { &mut *self.letter.get() }, letter);
        self.state.store(next, Ordering::Release);
        Ok(old)
    }
}

/// One thread's side of the heap; it exits when it is dropped.
struct Thread {
    heap: &'static Heap<'static, MmapPages>,
    token: ThreadToken,
    thread: ThreadHeap<'static, MmapPages>,
}

impl Thread {
    fn new(heap: &'static Heap<'static, MmapPages>, number: usize) -> Self {
        let number = NonZeroUsize::new(number).expect("numbers begin at 1");
        // SAFETY: needs a number that no other thread heap in use has; callers number them all.
        Thread { heap, token: unsafe { ThreadToken::new(number) }, thread: ThreadHeap::new() }
    }

    fn alloc(&mut self, bytes: usize) -> Option<Letter> {
        // SAFETY: needs the same heap and token at every call; they are this value's.
        let block = unsafe { self.thread.alloc(self.heap, self.token, bytes) };
        if block.is_null() {
            return None;
        }
        // SAFETY: needs that many writable bytes; they were just allocated.
        unsafe { block.write_bytes(bytes as u8, bytes) };
        Some((block, bytes))
    }

    fn free(&mut self, (block, bytes): Letter) {
        // SAFETY: needs that many initialised bytes; `alloc` filled the block.
        let contents = unsafe { std::slice::from_raw_parts(block, bytes) };
        assert!(contents.iter().all(|&byte| byte == bytes as u8), "a block had two holders");
        // SAFETY: needs a block that nobody uses; it came out of a box or was just allocated.
        unsafe { self.thread.free(self.heap, self.token, block) }
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        // SAFETY: needs the same heap at every call; it is this value's.
        unsafe { self.thread.exit(self.heap) }
    }
}

fn work(seed: usize, heap: &'static Heap<'static, MmapPages>, boxes: &[LetterBox]) {
    let mut random = (seed as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut below = |bound: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random as usize % bound
    };
    let mut thread = Thread::new(heap, seed);
    let mut freed = [std::ptr::null_mut(); 64];
    for step in 1..=STEPS {
        let letter_box = &boxes[below(boxes.len())];
        // Any address may be asked for, also while the owner of its slab gives that back or makes another one.
        std::hint::black_box(heap.usable_bytes(freed[below(freed.len())]));
        if let Ok(Some(letter)) = letter_box.exchange(FULL, None) {
            freed[step % freed.len()] = letter.0;
            thread.free(letter);
        } else {
            let bytes = if below(100) == 0 { below(200_000) } else { 8 + below(3000) };
            let Some(letter) = thread.alloc(bytes) else { continue };
            if letter_box.exchange(EMPTY, Some(letter)).is_err() {
                thread.free(letter);
            }
        }
        if step % LIFE_STEPS == 0 {
            thread = Thread::new(heap, seed + step * THREADS);
        } else if step % LIFE_STEPS == LIFE_STEPS / 2 {
            // SAFETY: needs the same heap at every call; it is the thread's.
            unsafe { thread.thread.collect(heap) }
        }
    }
}

fn main() {
    let backend: &'static SpanBackend<MmapPages> = Box::leak(Box::new(SpanBackend::new(MmapPages::new())));
    // SAFETY: needs a type for which zero bytes are a value; a map says that of itself.
    let map: &'static SlabMap = Box::leak(unsafe { Box::<SlabMap>::new_zeroed().assume_init() });
    // SAFETY: needs a map that is zero and that no other heap uses; it was made for this one.
    let heap: &'static Heap<'static, MmapPages> = Box::leak(Box::new(unsafe { Heap::new(backend, map) }));
    let boxes: &'static [LetterBox] = (0..256)
        .map(|_| LetterBox { state: AtomicUsize::new(EMPTY), letter: UnsafeCell::new(None) })
        .collect::<Vec<_>>()
        .leak();
    let threads: Vec<_> =
        (1..=THREADS).map(|seed| std::thread::spawn(move || work(seed, heap, boxes))).collect();
    for thread in threads {
        thread.join().expect("a thread found wrong contents");
    }
    let mut last = Thread::new(heap, usize::MAX);
    for letter_box in boxes {
        if let Ok(Some(letter)) = letter_box.exchange(FULL, None) {
            last.free(letter);
        }
    }
    drop(last);
    // SAFETY: needs that no other thread uses the heap now; they were joined, or there are none.
    unsafe { heap.check() }.expect("every structure holds");
    let counts = heap.central_counts();
    assert!(counts.abandoned > 0 && counts.adopted > 0 && counts.released > 0, "{counts:?}");
    // SAFETY: needs that no other call runs; every thread was joined.
    assert_eq!(unsafe { heap.shutdown() }, HeapLeft::default());
    backend.check().expect("every structure holds");
    assert!(backend.shutdown().leak().is_none());
    println!("tsan_heap: {THREADS} threads, {STEPS} steps each, {counts:?}, all memory came back");
}
