//! Operations on arenas and a trivial model of what they must do: every live block keeps its contents, no two
//! overlap, and the accounts agree. Shared by `tests/model.rs` (proptest) and `fuzz/fuzz_targets/arena.rs`.

use compiler_alloc::arena::{ResetMode, Spans};
use compiler_alloc::page_source::OsPages;
use compiler_alloc::span::SpanBackend;
use compiler_alloc::{Arena, ArenaVec, Family, Scope, Sealed};
use core::alloc::Layout;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// One step. Numbers are cut to size by the interpreter, so that every sequence is a valid program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A block of this layout: up to 2 KiB, aligned to `1 << shift`, up to 4 KiB.
    Layout { bytes: u16, shift: u8 },
    /// A string.
    Text { bytes: u16 },
    /// A slice of words.
    Words { count: u16 },
    /// A block of up to 16 MiB / 8.
    Large { kibibytes: u16 },
    /// Pushes onto one of the scope's three vectors.
    Push { vector: u8, count: u8 },
    /// An initialiser that fails, after allocating itself or not.
    Fail { bytes: u8, allocates: bool },
    /// A value with a destructor.
    Destructor,
    /// Opens an inner scope.
    Open,
    /// Closes the innermost scope.
    Close,
    /// Empties the arena; ignored inside a scope.
    Reset { keep_kibibytes: Option<u8> },
    /// Sets or lifts the limit, relative to what is used.
    Limit { more: Option<u16> },
    /// Allocates from another arena on the same memory, so that chunks are not always adjacent.
    Other { bytes: u16 },
    /// Drops that other arena.
    DropOther,
    /// Builds a sealed result on the same memory.
    Seal { words: u16 },
    /// Drops one of the sealed results.
    DropSealed { index: u8 },
}

/// Reads operations from bytes, as a fuzzer supplies them.
#[allow(dead_code, reason = "for the fuzz target")]
pub fn decode(bytes: &[u8]) -> Vec<Operation> {
    let mut operations = Vec::new();
    let mut bytes = bytes.iter().copied();
    while let Some(kind) = bytes.next() {
        let mut byte = || bytes.next().unwrap_or(0);
        let mut wide = || u16::from(byte()) | u16::from(byte()) << 8;
        operations.push(match kind % 20 {
            0..=3 => Operation::Layout { bytes: wide(), shift: (wide() % 13) as u8 },
            4 | 5 => Operation::Text { bytes: wide() },
            6 => Operation::Words { count: wide() },
            7 => Operation::Large { kibibytes: wide() },
            8 | 9 => Operation::Push { vector: kind, count: byte() },
            10 => Operation::Fail { bytes: byte(), allocates: kind & 32 != 0 },
            11 => Operation::Destructor,
            12 => Operation::Open,
            13 => Operation::Close,
            14 => Operation::Reset { keep_kibibytes: if kind & 32 != 0 { Some(byte()) } else { None } },
            15 => Operation::Limit { more: if kind & 32 != 0 { Some(wide()) } else { None } },
            16 => Operation::Other { bytes: wide() },
            17 => Operation::DropOther,
            18 => Operation::Seal { words: wide() },
            _ => Operation::DropSealed { index: byte() },
        });
    }
    operations
}

struct Words;
impl Family for Words {
    type Of<'a> = &'a [u64];
    fn shorten<'s, 'l: 's>(long: &'s &'l [u64]) -> &'s &'s [u64] {
        long
    }
}

/// Counts its drops.
struct Counted(Arc<AtomicUsize>);
impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// What the model knows: live blocks by address, and how often destructors must have run.
struct Model {
    spans: &'static Spans<OsPages>,
    backend: &'static SpanBackend<OsPages>,
    /// Address to length and fill byte.
    blocks: BTreeMap<usize, (usize, u8)>,
    fills: u8,
    drops: Arc<AtomicUsize>,
    drops_expected: usize,
    registered: usize,
    other: Option<Arena>,
    sealed: Vec<(Sealed<Words>, u64)>,
    seals: u64,
}

impl Model {
    /// A new block: aligned, apart from every live one. Fills it.
    fn add(&mut self, at: *mut u8, bytes: usize, align: usize) {
        assert!(at.addr().is_multiple_of(align), "alignment");
        if bytes == 0 {
            return;
        }
        let below = self.blocks.range(..=at.addr()).next_back();
        assert!(below.is_none_or(|(start, (len, _))| start + len <= at.addr()), "overlaps the block below");
        let above = self.blocks.range(at.addr()..).next();
        assert!(above.is_none_or(|(start, _)| at.addr() + bytes <= *start), "overlaps the block above");
        self.fills = self.fills.wrapping_add(1);
        // SAFETY: the range must be writable and ours; the arena has just handed it out.
        unsafe { at.write_bytes(self.fills, bytes) };
        self.blocks.insert(at.addr(), (bytes, self.fills));
    }

    /// Every live block still holds what was written.
    fn verify(&self) {
        for (at, (bytes, fill)) in &self.blocks {
            let at: *const u8 = core::ptr::with_exposed_provenance(*at);
            // SAFETY: the range must be initialised and not be written meanwhile; `add` filled it, and it lives
            // until the model forgets it.
            let block = unsafe { core::slice::from_raw_parts(at, *bytes) };
            assert!(block.iter().all(|byte| byte == fill), "contents changed");
        }
        for (sealed, seed) in &self.sealed {
            assert!(
                sealed.get().iter().enumerate().all(|(n, word)| *word == seed + n as u64),
                "sealed contents changed"
            );
        }
        assert_eq!(self.drops.load(Ordering::Relaxed), self.drops_expected);
    }
}

/// Runs a program against the model.
///
/// # Panics
///
/// If an arena breaks a promise.
pub fn run(operations: &[Operation]) {
    // One backend for all programs of a process: what one leaves behind is the next one's beginning.
    // One at a time, so that its accounts can be compared.
    static BACKEND: SpanBackend<OsPages> = SpanBackend::new(OsPages::new());
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    static SPANS: Spans<OsPages> = Spans::new(&BACKEND);
    let spans = &SPANS;
    let mut model = Model {
        spans,
        backend: &BACKEND,
        blocks: BTreeMap::new(),
        fills: 0,
        drops: Arc::new(AtomicUsize::new(0)),
        drops_expected: 0,
        registered: 0,
        other: None,
        sealed: Vec::new(),
        seals: 0,
    };
    let mut arena = Arena::new_in(spans);
    let mut rest = operations;
    while !rest.is_empty() {
        // A scope for everything up to the next reset.
        rest = arena.scope(|scope| level(scope, rest, &mut model, 0));
        end_level(&mut model, &BTreeMap::new(), 0);
        assert_eq!(arena.used_bytes(), 0);
        if let Some((Operation::Reset { keep_kibibytes }, after)) = rest.split_first() {
            rest = after;
            let reserved = arena.reserved_bytes();
            match keep_kibibytes {
                None => {
                    arena.reset();
                    assert!(arena.reserved_bytes() == reserved, "reset keeps everything");
                }
                Some(kibibytes) => {
                    let keep = usize::from(*kibibytes) << 10;
                    arena.reset_with(ResetMode::KeepUpTo(keep));
                    assert!(arena.reserved_bytes() <= keep.min(reserved));
                }
            }
        }
        arena.set_limit(None);
        arena.raw().check().unwrap();
    }
    model.verify();
    drop(arena);
    model.other = None;
    model.sealed.clear();
    spans.flush();
    model.backend.check().unwrap();
    assert_eq!(model.backend.stats().live_bytes(), 0, "everything came back");
}

/// Forgets the blocks of a level that ended; its destructors must have run.
fn end_level(model: &mut Model, kept: &BTreeMap<usize, (usize, u8)>, registered: usize) {
    model.blocks.clone_from(kept);
    model.drops_expected += model.registered - registered;
    model.registered = registered;
    model.verify();
}

/// Runs operations in one scope, until it is closed or they are used up. Answers what is left.
fn level<'o>(
    scope: &mut Scope<'_>,
    mut rest: &'o [Operation],
    model: &mut Model,
    depth: usize,
) -> &'o [Operation] {
    let mut vectors: [ArenaVec<u64>; 3] = Default::default();
    while let Some((operation, after)) = rest.split_first() {
        match operation {
            Operation::Reset { .. } if depth == 0 => break,
            Operation::Close if depth > 0 => {
                rest = after;
                break;
            }
            Operation::Open if depth < 20 => {
                let (kept, registered, used) = (model.blocks.clone(), model.registered, scope.used_bytes());
                rest = scope.scope(|inner| level(inner, after, model, depth + 1));
                // Limits set inside stay; blocks, destructors and use do not.
                end_level(model, &kept, registered);
                assert_eq!(scope.used_bytes(), used, "a scope ends where it began");
            }
            _ => {
                step(scope, operation, &mut vectors, model);
                rest = after;
            }
        }
        scope.raw().check().unwrap();
        let live: usize = model.blocks.values().map(|(bytes, _)| bytes).sum();
        assert!(scope.used_bytes() >= live, "what lives is in use");
        assert!(scope.reserved_bytes() >= scope.used_bytes());
    }
    for vector in &vectors {
        assert!(vector.iter().enumerate().all(|(n, word)| *word == n as u64), "vector contents changed");
    }
    model.verify();
    rest
}

/// One operation that opens and closes nothing. A refused request must leave the use as it was.
fn step<'s>(
    scope: &Scope<'s>,
    operation: &Operation,
    vectors: &mut [ArenaVec<'s, u64>; 3],
    model: &mut Model,
) {
    let used = scope.used_bytes();
    match *operation {
        Operation::Layout { bytes, shift } => {
            let (bytes, align) = (usize::from(bytes % 2048), 1 << (shift % 13));
            let Ok(layout) = Layout::from_size_align(bytes, align) else { unreachable!("small") };
            match scope.try_alloc_layout(layout) {
                Ok(at) => {
                    model.add(at.as_ptr(), bytes, align);
                    let taken = scope.used_bytes() - used;
                    assert!(bytes <= taken && taken < bytes + align.max(8), "padding is bounded");
                }
                Err(_) => assert_eq!(scope.used_bytes(), used),
            }
        }
        Operation::Text { bytes } => {
            let text = "x".repeat(usize::from(bytes % 600));
            match scope.try_alloc_str(&text) {
                Ok(copy) => {
                    assert_eq!(&*copy, text);
                    model.add(copy.as_mut_ptr(), text.len(), 1);
                }
                Err(_) => assert_eq!(scope.used_bytes(), used),
            }
        }
        Operation::Words { count } => {
            if let Ok(words) = scope.try_alloc_slice_fill_with(usize::from(count % 4096), |n| n) {
                assert!(words.iter().enumerate().all(|(n, word)| n == *word));
                model.add(words.as_mut_ptr().cast(), size_of_val(words), 8);
            }
        }
        Operation::Large { kibibytes } => {
            let bytes = usize::from(kibibytes % 1400) << 10;
            let Ok(layout) = Layout::from_size_align(bytes, 32) else { unreachable!("small") };
            if let Ok(at) = scope.try_alloc_layout(layout) {
                // Its ends are enough, and much faster.
                model.add(at.as_ptr(), bytes.min(64), 32);
                if bytes > 128 {
                    // SAFETY: the offset must stay inside the block, which has `bytes` bytes.
                    model.add(unsafe { at.add(bytes - 64) }.as_ptr(), 64, 1);
                }
            }
        }
        Operation::Push { vector, count } => {
            let vector = &mut vectors[usize::from(vector) % 3];
            for _ in 0..count {
                let len = vector.len();
                if vector.try_push(scope, len as u64).is_err() {
                    assert_eq!(vector.len(), len);
                    break;
                }
            }
            assert!(vector.iter().enumerate().all(|(n, word)| *word == n as u64));
        }
        Operation::Fail { bytes, allocates } => {
            let mut kept = None;
            let answer = scope.try_alloc_try_with(|| {
                if allocates {
                    kept = scope
                        .try_alloc_layout(
                            Layout::new::<u64>().align_to(1 << (bytes % 6)).unwrap_or(Layout::new::<u64>()),
                        )
                        .ok();
                }
                Err::<[u64; 5], _>(())
            });
            assert!(answer.is_err());
            match kept {
                Some(at) => model.add(at.as_ptr(), 8, 8),
                None => assert!(scope.used_bytes() <= used + 40),
            }
        }
        Operation::Destructor => {
            let before = model.drops.load(Ordering::Relaxed);
            match scope.try_alloc_drop(Counted(model.drops.clone())) {
                Ok(_) => model.registered += 1,
                Err((_, value)) => {
                    drop(value);
                    model.drops_expected += 1;
                    assert_eq!(model.drops.load(Ordering::Relaxed), before + 1, "a refused value comes back");
                }
            }
        }
        Operation::Limit { more } => scope.raw().set_limit(more.map(|more| used + usize::from(more))),
        Operation::Other { bytes } => {
            let spans = model.spans;
            let other = model.other.get_or_insert_with(|| Arena::new_in(spans));
            other.alloc_slice_fill_with(usize::from(bytes), |_| 0xa5_u8);
        }
        Operation::DropOther => model.other = None,
        Operation::Seal { words } => {
            let seed = model.seals << 20;
            model.seals += 1;
            let count = usize::from(words % 3000);
            let sealed = Sealed::<Words>::build_in(model.spans, |b| {
                b.alloc_slice_fill_with(count, |n| seed + n as u64)
            });
            assert!(sealed.heap_size().reserved <= count * 8 + 256, "sealed results lie packed");
            model.sealed.push((sealed, seed));
        }
        Operation::DropSealed { index } => {
            if !model.sealed.is_empty() {
                let index = usize::from(index) % model.sealed.len();
                model.sealed.swap_remove(index);
            }
        }
        Operation::Open | Operation::Close | Operation::Reset { .. } => {}
    }
}
