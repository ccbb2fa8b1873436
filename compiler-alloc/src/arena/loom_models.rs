//! Models of what threads do to each other through pools and sealed results: every interleaving of a few calls, by
//! `make loom`.
//!
//! A seat of a pool has a cell in the model; whoever has the seat's arena writes to it. The memory below is watched by
//! half pages, as in the models of spans: whoever reads a result looks at them, whoever gets their memory afterwards
//! writes to them.

use super::{Arena, ArenaPool, CacheAccess, Family, PoolGuard, Sealed, Spans};
use crate::page_source::ModelPages;
use crate::span::{SpanBackend, SpanCache};
use crate::sync::model;
use core::cell::RefCell;
use loom::cell::UnsafeCell;
use loom::thread;
// Not the checker's: a table of the model, filled without a switch in between.
use std::sync::Mutex;

type Backend = SpanBackend<ModelPages>;

/// Seats of the largest model.
const SEATS: usize = 4;

loom::thread_local! {
    static CACHE: RefCell<Option<SpanCache<'static, ModelPages>>> = RefCell::new(None);
}

/// Arena memory with a span cache for each thread of the model; the first that opens a span has all units in its tail.
struct ModelMemory {
    backend: &'static Backend,
}

// SAFETY: all lent caches must be over one backend; a thread makes its cache over the model's, and models run one after
// the other.
unsafe impl CacheAccess for ModelMemory {
    type Pages = ModelPages;

    fn with_cache<R>(&self, work: impl FnOnce(&mut SpanCache<'static, ModelPages>) -> R) -> R {
        CACHE.with(|cache| work(cache.borrow_mut().get_or_insert_with(|| SpanCache::new(self.backend))))
    }

    fn thread_token(&self) -> usize {
        0
    }
}

/// What the threads of a model share. Made by leaking, because arenas borrow their memory; freed by [`finish`](Self::finish).
struct Model {
    backend: &'static Backend,
    memory: &'static ModelMemory,
    /// What the pool's arenas share.
    spans: &'static Spans<ModelPages>,
    pool: ArenaPool,
    /// Which arena each cell is for.
    arenas: Mutex<[usize; SEATS]>,
    seats: [UnsafeCell<usize>; SEATS],
}

// SAFETY: needs that shared use is free of races; the model checker watches the cells, the rest says so itself.
unsafe impl Sync for Model {}

impl Model {
    fn start() -> &'static Self {
        // Eight units of four pages.
        let backend: &'static Backend = Box::leak(Box::new(Backend::new(ModelPages::watched(1 << 10, 4, 8))));
        let memory: &'static ModelMemory = Box::leak(Box::new(ModelMemory { backend }));
        let spans: &'static Spans<_> = Box::leak(Box::new(Spans::new(backend)));
        Box::leak(Box::new(Model {
            backend,
            memory,
            spans,
            pool: ArenaPool::new_in(spans),
            arenas: Mutex::new([0; SEATS]),
            seats: core::array::from_fn(|_| UnsafeCell::new(0)),
        }))
    }

    /// The calling thread ends: what it keeps goes back.
    fn leave(&self) {
        CACHE.with(|cache| cache.take());
    }

    /// What the user of an arena does with it.
    fn write(&self, guard: &PoolGuard<'_>) {
        let arena = core::ptr::from_ref(guard.raw()).addr();
        let index = {
            let mut arenas = self.arenas.lock().unwrap();
            let index =
                arenas.iter().position(|known| *known == arena || *known == 0).expect("a seat too many");
            arenas[index] = arena;
            index
        };
        // SAFETY: needs a live cell; the checker reports any access that is not ordered with this one.
        self.seats[index].with_mut(|cell| unsafe { *cell += 1 });
        guard.alloc(1_u64);
    }

    /// Ends the model; no other thread is left. Nothing lives, every structure holds, and all memory went back.
    fn finish(&'static self) {
        // SAFETY: needs a leaked box that nobody uses again; every thread of the model was joined.
        let mut model = unsafe { Box::from_raw(core::ptr::from_ref(self).cast_mut()) };
        let (backend, memory, spans) = (model.backend, model.memory, model.spans);
        // Not by `get`: the checker lets a failed attempt to take a seat hide that it was left, which no processor does.
        let mut seats = Vec::new();
        model.pool.each_arena(|arena, _| seats.push(core::ptr::from_ref(arena).addr()));
        let used = model.arenas.get_mut().unwrap();
        assert!(used.iter().all(|arena| *arena == 0 || seats.contains(arena)), "a seat was lost");
        model.pool.reset();
        assert_eq!(model.pool.used_bytes(), 0);
        model.leave();
        drop(model);
        // SAFETY: needs a leaked box that nobody uses again; the pool that borrowed it is gone.
        drop(unsafe { Box::from_raw(core::ptr::from_ref(spans).cast_mut()) });
        backend.assert_all_came_back();
        // SAFETY: needs a leaked box that nobody uses again; results and caches are gone.
        drop(unsafe { Box::from_raw(core::ptr::from_ref(memory).cast_mut()) });
        // SAFETY: as above.
        drop(unsafe { Box::from_raw(core::ptr::from_ref(backend).cast_mut()) });
    }
}

/// One worker has two arenas at once while another takes and leaves arenas: no arena has two users, and each user sees
/// what the one before wrote.
#[test]
fn loom_a_seat_has_one_user_who_sees_what_the_one_before_wrote() {
    model(3, || {
        let model = Model::start();
        let other = thread::spawn(move || {
            for _ in 0..2 {
                model.write(&model.pool.get());
            }
        });
        {
            let outer = model.pool.get();
            model.write(&outer);
            let inner = model.pool.get();
            assert!(!core::ptr::eq(outer.raw(), inner.raw()));
            model.write(&inner);
            drop(inner);
            model.write(&outer);
        }
        other.join().unwrap();
        model.finish();
    });
}

/// Three threads want the one arena that there is: one gets it, the others make new ones, and no seat is lost.
#[test]
fn loom_no_new_seat_is_lost_when_several_are_made_at_once() {
    model(2, || {
        let model = Model::start();
        model.write(&model.pool.get());
        let others = [(); 2].map(|()| thread::spawn(move || model.write(&model.pool.get())));
        model.write(&model.pool.get());
        others.into_iter().for_each(|other| other.join().unwrap());
        model.finish();
    });
}

struct Bytes;

impl Family for Bytes {
    type Of<'a> = &'a [u8];

    fn shorten<'s, 'l: 's>(long: &'s Self::Of<'l>) -> &'s Self::Of<'s> {
        long
    }
}

/// Reads all of a result, as one of its owners.
fn read(model: &Model, sealed: &Sealed<Bytes>) {
    let bytes = *sealed.get();
    model.backend.source().look(bytes.as_ptr().addr(), bytes.len());
}

/// Takes memory, if there is any, and writes to all of it.
fn reuse(model: &Model) {
    let arena = Arena::new_in(model.memory);
    if let Ok(bytes) = arena.try_alloc_slice_copy(&[0_u8; 3 << 10]) {
        model.backend.source().touch(bytes.as_ptr().addr(), bytes.len());
    }
}

fn seal(model: &'static Model) -> Sealed<Bytes> {
    let sealed = Sealed::<Bytes>::build_in(model.memory, |builder| builder.alloc_slice_copy(&[1; 3 << 10]));
    let bytes = *sealed.get();
    model.backend.source().touch(bytes.as_ptr().addr(), bytes.len());
    sealed
}

/// Two threads drop a result while its maker ends: its memory goes back once, and whoever gets it comes after all readers.
#[test]
fn loom_a_sealed_result_goes_back_once_after_its_readers() {
    model(2, || {
        let model = Model::start();
        let sealed = seal(model);
        let others = [sealed.clone(), sealed].map(|sealed| {
            thread::spawn(move || {
                read(model, &sealed);
                drop(sealed);
                reuse(model);
                model.leave();
            })
        });
        model.leave();
        others.into_iter().for_each(|other| other.join().unwrap());
        model.finish();
    });
}

/// A result that extends another is dropped on one thread, the other on a second: the parent outlives the child, and both
/// go back once.
#[test]
fn loom_an_extended_result_outlives_its_child() {
    model(3, || {
        let model = Model::start();
        let parent = seal(model);
        let child = parent.extend::<Bytes>(|builder, parent| builder.alloc_slice_copy(&parent[..64]));
        model.leave();
        let other = thread::spawn(move || {
            assert_eq!(child.get().len(), 64);
            drop(child);
            reuse(model);
            model.leave();
        });
        read(model, &parent);
        drop(parent);
        reuse(model);
        model.leave();
        other.join().unwrap();
        model.finish();
    });
}
