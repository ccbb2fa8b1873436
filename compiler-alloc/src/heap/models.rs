//! Whole heaps under the model checkers: every interleaving of a few calls with `--cfg loom`, many seeded schedules of many
//! calls with `--cfg shuttle`.
//!
//! The first slab of a model has a cell beside each of its first blocks; whoever has the block touches the cell for writing.
//! If two holders are not ordered, the checker says so; and a model ends only if every span came back.

use super::{Heap, HeapLeft, SlabMap, ThreadHeap, ThreadToken};
use crate::page_source::ModelPages;
use crate::span::SpanBackend;
use core::num::NonZeroUsize;
use core::ptr::NonNull;

#[cfg(loom)]
use loom::{cell::UnsafeCell, thread};

const UNIT_BYTES: usize = 64 << 10;
const UNITS: usize = 16;

/// What threads of a model share. Made by leaking, because a heap borrows its backend and its map; freed by [`finish`].
struct Model {
    heap: Heap<'static, ModelPages>,
    backend: &'static SpanBackend<ModelPages>,
    #[cfg(loom)]
    cells: [UnsafeCell<usize>; CELLS],
}

#[cfg(loom)]
const CELLS: usize = 4;

/// The size of the blocks that models allocate: few fit into a slab.
#[cfg(loom)]
const BLOCK_BYTES: usize = 4096;

fn start() -> &'static Model {
    let pages = ModelPages::new(UNIT_BYTES / 16, 16, UNITS);
    let backend: &'static SpanBackend<ModelPages> = Box::leak(Box::new(SpanBackend::new(pages)));
    // SAFETY: needs a type for which zero bytes are a value; a map says that of itself.
    let map = Box::leak(unsafe { Box::<SlabMap>::new_zeroed().assume_init() });
    // SAFETY: needs a map that is zero and that no other heap uses; it was made for this one.
    let heap = unsafe { Heap::new(backend, map) };
    Box::leak(Box::new(Model {
        heap,
        backend,
        #[cfg(loom)]
        cells: core::array::from_fn(|_| UnsafeCell::new(0)),
    }))
}

/// Asserts that everything came back, and frees the model. Every thread heap of it exited.
fn finish(model: &'static Model) {
    assert_eq!(model.heap.central_counts().waiting, 0, "abandoned slabs are left");
    let stats = model.backend.stats();
    assert_eq!((stats.heap_live_bytes, stats.threads), (0, 0), "spans or thread records are left");
    model.backend.check().unwrap();
    assert!(model.backend.shutdown().leak().is_none());
    // SAFETY: needs that no other call runs; every thread of the model was joined.
    assert_eq!(unsafe { model.heap.shutdown() }, HeapLeft::default());
    let backend = core::ptr::from_ref(model.backend).cast_mut();
    let map = core::ptr::from_ref(model.heap.map()).cast_mut();
    // SAFETY: needs a leaked box that nobody uses again; every thread of the model was joined.
    drop(unsafe { Box::from_raw(core::ptr::from_ref(model).cast_mut()) });
    // SAFETY: as above.
    drop(unsafe { Box::from_raw(map) });
    // SAFETY: as above.
    drop(unsafe { Box::from_raw(backend) });
}

/// A block on its way from one thread to another.
#[derive(Clone, Copy)]
struct Block(NonNull<u8>);

// SAFETY: needs that a block may be used by another thread; one thread at a time has it.
unsafe impl Send for Block {}

/// One thread's side of a model.
struct Thread {
    model: &'static Model,
    token: ThreadToken,
    thread: ThreadHeap<'static, ModelPages>,
}

impl Thread {
    fn new(model: &'static Model, number: usize) -> Self {
        // SAFETY: needs a number that no other thread heap in use has; models number their threads.
        let token = unsafe { ThreadToken::new(NonZeroUsize::new(number).unwrap()) };
        Thread { model, token, thread: ThreadHeap::new() }
    }

    #[cfg(loom)]
    fn alloc(&mut self) -> Block {
        // SAFETY: needs the same heap and token at every call; they are this value's.
        let block = unsafe { self.thread.alloc(&self.model.heap, self.token, BLOCK_BYTES) };
        let block = Block(NonNull::new(block).expect("memory"));
        self.model.touch(block);
        block
    }

    fn free(&mut self, block: Block) {
        self.model.touch(block);
        // SAFETY: needs a block that nobody uses; models free each once.
        unsafe { self.thread.free(&self.model.heap, self.token, block.0.as_ptr()) }
    }

    fn collect(&mut self) {
        // SAFETY: needs the same heap at every call; it is this value's.
        unsafe { self.thread.collect(&self.model.heap) }
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        // SAFETY: needs the same heap at every call; it is this value's.
        unsafe { self.thread.exit(&self.model.heap) }
    }
}

#[cfg(loom)]
impl Model {
    /// What a holder does with its block, if it is one that has a cell.
    fn touch(&self, block: Block) {
        let number = (block.0.as_ptr().addr() - self.backend.source().base.as_ptr().addr()) / BLOCK_BYTES;
        if let Some(cell) = self.cells.get(number % (UNIT_BYTES / BLOCK_BYTES)) {
            // SAFETY: needs a live cell; the checker reports any access that is not ordered with this one.
            cell.with_mut(|cell| unsafe { *cell += 1 });
        }
    }
}

#[cfg(loom)]
mod loom_models {
    use super::*;
    use crate::sync::model;

    fn free_in_a_thread(model: &'static Model, number: usize, block: Block) -> thread::JoinHandle<()> {
        thread::spawn(move || Thread::new(model, number).free(block))
    }

    #[test]
    fn loom_an_owner_exits_while_others_free_its_last_blocks() {
        model(3, || {
            let model = start();
            let mut owner = Thread::new(model, 1);
            let others = [2, 3].map(|number| free_in_a_thread(model, number, owner.alloc()));
            drop(owner);
            others.into_iter().for_each(|other| other.join().unwrap());
            finish(model);
        });
    }

    #[test]
    fn loom_two_threads_that_only_free_empty_an_abandoned_slab() {
        model(3, || {
            let model = start();
            let mut owner = Thread::new(model, 1);
            let blocks = [owner.alloc(), owner.alloc()];
            drop(owner);
            let other = free_in_a_thread(model, 2, blocks[0]);
            Thread::new(model, 3).free(blocks[1]);
            other.join().unwrap();
            assert_eq!(model.heap.central_counts().released, 1);
            finish(model);
        });
    }

    #[test]
    fn loom_a_slab_is_adopted_while_its_last_block_is_freed() {
        model(3, || {
            let model = start();
            let mut owner = Thread::new(model, 1);
            let block = owner.alloc();
            drop(owner);
            let other = free_in_a_thread(model, 2, block);
            let mut adopter = Thread::new(model, 3);
            let own = adopter.alloc();
            adopter.free(own);
            drop(adopter);
            other.join().unwrap();
            finish(model);
        });
    }

    #[test]
    fn loom_a_safepoint_meets_a_remote_free() {
        model(3, || {
            let model = start();
            let mut owner = Thread::new(model, 1);
            let other = free_in_a_thread(model, 2, owner.alloc());
            owner.collect();
            let again = owner.alloc();
            owner.free(again);
            other.join().unwrap();
            owner.collect();
            drop(owner);
            finish(model);
        });
    }
}

#[cfg(shuttle)]
impl Model {
    /// Nothing: these schedules look at contents.
    fn touch(&self, _: Block) {}
}

#[cfg(shuttle)]
mod schedules {
    //! Seeded schedules of random programs: threads that allocate, pass blocks around, free what they find, look after what
    //! came back, and end. A block carries its own address, so that two holders of one block would be seen.

    use super::*;
    use shuttle::rand::Rng;
    use shuttle::sync::Mutex;

    const THREADS: usize = 3;
    const STEPS: usize = 24;
    const SCHEDULES: usize = 3_000;
    const SIZES: [usize; 4] = [64, 4096, 20_000, 40_000];

    struct Letters {
        model: &'static Model,
        blocks: Mutex<Vec<(Block, usize)>>,
    }

    fn send(letters: &Letters, thread: &mut Thread, stamp: usize) {
        let bytes = SIZES[shuttle::rand::thread_rng().gen_range(0..SIZES.len())];
        // SAFETY: needs the same heap and token at every call; they are the thread's.
        let place = unsafe { thread.thread.alloc(&letters.model.heap, thread.token, bytes) };
        let Some(place) = NonNull::new(place) else { return };
        // SAFETY: needs that many writable, aligned bytes; they were just allocated.
        unsafe { place.cast::<[usize; 2]>().write([place.as_ptr().addr(), stamp]) };
        letters.blocks.lock().unwrap().push((Block(place), stamp));
    }

    fn receive(letters: &Letters, thread: &mut Thread) {
        let mut blocks = letters.blocks.lock().unwrap();
        if blocks.is_empty() {
            return;
        }
        let index = shuttle::rand::thread_rng().gen_range(0..blocks.len());
        let (block, stamp) = blocks.swap_remove(index);
        drop(blocks);
        // SAFETY: needs initialised memory; the sender wrote it.
        let found = unsafe { block.0.cast::<[usize; 2]>().read() };
        assert_eq!(found, [block.0.as_ptr().addr(), stamp], "a block had two holders");
        thread.free(block);
    }

    fn work(letters: &Letters, number: usize) {
        let mut thread = Thread::new(letters.model, number);
        for step in 0..STEPS {
            match shuttle::rand::thread_rng().gen_range(0..16) {
                0..8 => send(letters, &mut thread, number * STEPS + step),
                8..14 => receive(letters, &mut thread),
                14 => thread.collect(),
                _ => thread = Thread::new(letters.model, number + (step + 1) * THREADS),
            }
        }
    }

    fn program() {
        let model = start();
        let letters: &'static Letters =
            Box::leak(Box::new(Letters { model, blocks: Mutex::new(Vec::new()) }));
        let threads: Vec<_> =
            (1..=THREADS).map(|number| shuttle::thread::spawn(move || work(letters, number))).collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let mut last = Thread::new(model, usize::MAX);
        while !letters.blocks.lock().unwrap().is_empty() {
            receive(letters, &mut last);
        }
        drop(last);
        // SAFETY: needs a leaked box that nobody uses again; every thread was joined.
        drop(unsafe { Box::from_raw(core::ptr::from_ref(letters).cast_mut()) });
        finish(model);
    }

    #[test]
    fn shuttle_random_schedules_of_whole_heaps() {
        shuttle::check_random(program, SCHEDULES);
    }

    #[test]
    fn shuttle_schedules_with_few_switches_of_whole_heaps() {
        shuttle::check_pct(program, SCHEDULES, 3);
    }
}
