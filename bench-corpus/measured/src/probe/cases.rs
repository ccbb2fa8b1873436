//! The probes every arena answers, and the table of subjects.

use std::alloc::Layout;
use std::cell::UnsafeCell;

use compiler_alloc::Arena;

use super::c_face::C_CASES;
use super::drive::{Arguments, Driver};
use super::heap::{self, HEAP_CASES};
use super::own::{self, OWN_CASES};
#[cfg(feature = "arena-peers")]
use super::pools;
use super::profiles::{self, PROFILE_CASES};
#[cfg(feature = "arena-peers")]
use crate::subjects::direction;
use crate::subjects::{Nothing, Subject};
use crate::workload::ast::{self, Node, Shape};

/// One thing that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    /// Its name on the command line and in evidence.
    pub name: &'static str,
    /// How the probe repeats its operation.
    pub shape: ProbeShape,
    /// What the probe does, in one line.
    pub what: &'static str,
    /// By which interface, and so in which program.
    pub face: Face,
}

/// The interface that a probe calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// Rust, compiled into the probe's program: `fast-path-probe`.
    Rust,
    /// `malloc` and `free` of whatever library is loaded before the program: `malloc-probe`.
    C,
}

/// How a probe repeats its operation, and therefore how one operation is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeShape {
    /// One operation a call, entry to return: the function's own frame is part of it.
    Single,
    /// A loop whose count is the probe's first argument after the subject. It is measured with `n` and with `2 n` turns, and an
    /// operation costs the difference divided by `n`: entry, exit and frame cancel out.
    Loop(u32),
}

impl ProbeShape {
    /// Operations of each measured call, in order: a short one, then two equal ones that must execute the same instructions.
    pub const fn operations(self) -> [u32; 3] {
        match self {
            Self::Single => [1, 1, 1],
            Self::Loop(turns) => [turns, 2 * turns, 2 * turns],
        }
    }
}

/// Turns of the short call of the small loops.
const TURNS: u32 = 8;

/// Nodes of the short call of the case `ast`.
const AST_NODES: u32 = 32;

const fn single(name: &'static str, what: &'static str) -> Case {
    Case { name, shape: ProbeShape::Single, what, face: Face::Rust }
}

const fn looped(name: &'static str, turns: u32, what: &'static str) -> Case {
    Case { name, shape: ProbeShape::Loop(turns), what, face: Face::Rust }
}

/// Every case that an arena peer may answer.
pub const ARENA_CASES: &[Case] = &[
    looped("alloc-8", TURNS, "values of 8 bytes, layout known at compile time, in a loop"),
    looped("alloc-24", TURNS, "values of 24 bytes, layout known at compile time, in a loop"),
    looped("alloc-64", TURNS, "values of 64 bytes, layout known at compile time, in a loop"),
    single(
        "call-24",
        "a function of its own that makes one value of 24 bytes, entry to return, frame included",
    ),
    looped("layout", TURNS, "memory of a size and alignment known only at run time, in a loop"),
    looped("str", TURNS, "copies of a string of 11 bytes, in a loop"),
    looped("slice", TURNS, "copies of a slice of five 4-byte items, in a loop"),
    #[cfg(feature = "arena-peers")]
    looped(
        "vec-64",
        TURNS,
        "a vector of 4-byte items that grows to 64 while it is the newest, then a value of 24 bytes",
    ),
    looped("ast", AST_NODES, "tree nodes with a name and two growing vectors"),
];

/// Every case: those of all arenas, then our own, then the heap's by both interfaces, then the other profiles'.
pub fn all() -> impl Iterator<Item = Case> {
    ARENA_CASES.iter().chain(OWN_CASES).chain(HEAP_CASES).chain(C_CASES).chain(PROFILE_CASES).copied()
}

/// Looks a case up by name.
pub fn find(name: &str) -> Option<Case> {
    all().find(|case| case.name == name)
}

/// Drives the probe of a case, by its name. Answers whether there is one.
type Drive = fn(&str, Driver) -> bool;

/// Every subject this build can probe, each with what drives it; the first is the twin that does not allocate.
const DRIVES: &[(&str, Drive)] = &[
    ("nothing", drive_twin),
    ("ours", drive_ours),
    ("ours-1", drive_case::<Arena<1>>),
    #[cfg(feature = "peers")]
    ("bumpalo", drive_case::<bumpalo::Bump>),
    #[cfg(feature = "peers")]
    ("bumpalo-8", peers::drive_bumpalo_8),
    #[cfg(feature = "peers")]
    ("oxc", drive_oxc),
    #[cfg(feature = "peers")]
    ("typed-arena", peers::drive_typed_arena),
    ("ours-typed", own::drive_typed),
    #[cfg(feature = "arena-peers")]
    ("bump-scope", |case, driver| {
        pools::drive_bump_scope(case, driver) || drive_case::<bump_scope::Bump>(case, driver)
    }),
    #[cfg(feature = "arena-peers")]
    ("blink-alloc", |case, driver| {
        pools::drive_blink(case, driver) || drive_case::<blink_alloc::Blink>(case, driver)
    }),
    #[cfg(feature = "arena-peers")]
    ("multitude", drive_case::<multitude::Arena>),
    #[cfg(feature = "arena-peers")]
    ("bumpalo-herd", pools::drive_herd),
    #[cfg(feature = "arena-peers")]
    ("thread-local", pools::drive_thread_local),
    #[cfg(feature = "arena-peers")]
    ("down", drive_case::<direction::Down>),
    #[cfg(feature = "arena-peers")]
    ("up", drive_case::<direction::Up>),
    #[cfg(feature = "arena-peers")]
    ("two-ended", drive_case::<direction::TwoEnded>),
];

/// The subject that does not allocate.
pub const NOTHING: &str = DRIVES[0].0;

/// Every subject this build can probe, by name; the first is [`NOTHING`].
pub fn subjects() -> impl Iterator<Item = &'static str> {
    DRIVES.iter().map(|(name, _)| *name)
}

/// Drives the probe of `subject` and `case`. Returns false when there is none.
pub fn run(subject: &str, case: &str, driver: Driver) -> bool {
    DRIVES.iter().find(|(name, _)| *name == subject).is_some_and(|(_, drive)| drive(case, driver))
}

fn drive_twin(case: &str, driver: Driver) -> bool {
    own::drive_twin(case, driver).is_some()
        || heap::drive_twin(case, driver).is_some()
        || profiles::drive_twin(case, driver).is_some()
        || drive_case::<Nothing>(case, driver)
}

fn drive_ours(case: &str, driver: Driver) -> bool {
    own::drive(case, driver).is_some()
        || heap::drive(case, driver).is_some()
        || profiles::drive(case, driver).is_some()
        || drive_case::<Arena>(case, driver)
}

#[cfg(feature = "peers")]
fn drive_oxc(case: &str, driver: Driver) -> bool {
    #[cfg(feature = "arena-peers")]
    if pools::drive_oxc(case, driver) {
        return true;
    }
    drive_case::<oxc_allocator::Allocator>(case, driver)
}

/// Room for every warm and measured call of any case.
const CAPACITY: usize = 1 << 20;

fn drive_case<S: Subject>(name: &str, driver: Driver) -> bool {
    let Some(case) = find(name) else { return false };
    let arena = UnsafeCell::new(S::with_capacity(CAPACITY));
    let subject = arena.get() as usize;
    let text = "translation";
    let items = [1_u32, 2, 3, 4, 5];
    if name == "str" {
        // An arena in use: ours cuts text from blocks whose size follows what the arena holds, and the measured calls should
        // find room in one.
        for _ in 0..64 {
            // SAFETY: must be the only reference to the arena. No probe runs yet.
            unsafe { &*arena.get() }.alloc_slice_copy(&[0_u64; 512]);
        }
    }
    let shapes = ast::shapes(ast::SEED, 2 * AST_NODES as usize);
    // The second argument is the number of turns; the driver fills it in.
    let (function, arguments): (*const (), Arguments) = match name {
        "alloc-8" => (loop_8::<S> as *const (), [subject, 0, 0, 0, 0]),
        "alloc-24" => (loop_24::<S> as *const (), [subject, 0, 2, 3, 0]),
        "alloc-64" => (loop_64::<S> as *const (), [subject, 0, 2, 3, 4]),
        "call-24" => (call_24::<S> as *const (), [subject, 0, 0, 0, 0]),
        "layout" => (loop_layout::<S> as *const (), [subject, 0, 40, 8, 0]),
        "str" => (loop_str::<S> as *const (), [subject, 0, text.as_ptr() as usize, text.len(), 0]),
        "slice" => (loop_slice::<S> as *const (), [subject, 0, items.as_ptr() as usize, items.len(), 0]),
        "vec-64" => (loop_vec_64::<S> as *const (), [subject, 0, 64, 0, 0]),
        "ast" => (loop_ast::<S> as *const (), [subject, 0, shapes.as_ptr() as usize, 0, 0]),
        _ => return false,
    };
    let reset = || {
        if matches!(name, "ast" | "vec-64") {
            // SAFETY: must be the only reference to the arena. Between two calls no probe runs, and what they returned is gone.
            unsafe { &mut *arena.get() }.reset();
        }
    };
    // SAFETY: the function takes the leading integers of `arguments`: each was paired with its own above, and no count of turns is
    // above 2 * AST_NODES. The arena, the text, the items and the shapes live to the end of this function.
    unsafe { driver.drive(function, arguments, case.shape, reset) };
    true
}

#[inline(never)]
extern "C" fn call_24<S: Subject>(arena: &S) -> &[u64; 3] {
    arena.alloc([1, 2, 3])
}

#[inline(never)]
extern "C" fn loop_8<S: Subject>(arena: &S, turns: u64) {
    for a in 0..turns {
        keep(arena.alloc(a));
    }
}

#[inline(never)]
extern "C" fn loop_64<S: Subject>(arena: &S, turns: u64, b: u64, c: u64, d: u64) {
    for a in 0..turns {
        keep(arena.alloc([a, b, c, d, a, b, c, d]));
    }
}

#[inline(never)]
extern "C" fn loop_24<S: Subject>(arena: &S, turns: u64, b: u64, c: u64) {
    for a in 0..turns {
        keep(arena.alloc([a, b, c]));
    }
}

#[inline(never)]
extern "C" fn loop_layout<S: Subject>(arena: &S, turns: u64, size: usize, align: usize) {
    for _ in 0..turns {
        // The compiler must not know either number, nor that they are the same in each turn.
        let (size, align) = black_box_pair(size, align);
        // SAFETY: must be a power of two, and the rounded size at most isize::MAX. The driver passes 40 and 8.
        let layout = unsafe { Layout::from_size_align_unchecked(size, align) };
        keep(arena.alloc_layout(layout).as_ptr());
    }
}

#[inline(never)]
extern "C" fn loop_str<S: Subject>(arena: &S, turns: u64, text: *const u8, len: usize) {
    // SAFETY: must be len initialised bytes. The driver passes a str's own parts.
    let bytes = unsafe { std::slice::from_raw_parts(text, len) };
    // SAFETY: must be UTF-8. As above.
    let text = unsafe { std::str::from_utf8_unchecked(bytes) };
    for _ in 0..turns {
        keep(arena.alloc_str(text).as_ptr());
    }
}

#[inline(never)]
extern "C" fn loop_slice<S: Subject>(arena: &S, turns: u64, items: *const u32, len: usize) {
    // SAFETY: must be len initialised items. The driver passes a slice's own parts.
    let items = unsafe { std::slice::from_raw_parts(items, len) };
    for _ in 0..turns {
        keep(arena.alloc_slice_copy(items).as_ptr());
    }
}

#[inline(never)]
extern "C" fn loop_vec_64<S: Subject>(arena: &S, turns: u64, items: u64) {
    for turn in 0..turns {
        let mut list = arena.list();
        for item in 0..items {
            arena.push(&mut list, (turn ^ item) as u32);
        }
        keep(arena.freeze(list).as_ptr());
        keep(arena.alloc([turn; 3]));
    }
}

#[inline(never)]
extern "C" fn loop_ast<S: Subject>(arena: &S, turns: u64, shapes: *const Shape) -> *const Node<'_> {
    // SAFETY: must be that many initialised shapes. The driver passes a slice of 2 * AST_NODES, and no more turns.
    let shapes = unsafe { std::slice::from_raw_parts(shapes, turns as usize) };
    ast::build(arena, shapes)
}

/// Makes the compiler believe that the memory behind `pointer` is looked at. No instruction at all on x86-64.
#[inline(always)]
pub(super) fn keep<T>(pointer: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: must do what it declares. No instruction at all.
    unsafe {
        std::arch::asm!("/* {0} */", in(reg) pointer, options(readonly, nostack, preserves_flags));
    }
    #[cfg(not(target_arch = "x86_64"))]
    std::hint::black_box(pointer);
}

/// Two numbers the compiler knows nothing about, without a trip through memory.
#[inline(always)]
fn black_box_pair(mut size: usize, mut align: usize) -> (usize, usize) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: must do what it declares. No instruction at all; both registers keep their values.
    unsafe {
        std::arch::asm!("/* {0} {1} */", inout(reg) size, inout(reg) align, options(nomem, nostack, preserves_flags));
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        (size, align) = (std::hint::black_box(size), std::hint::black_box(align));
    }
    (size, align)
}

/// Peers that do not offer all that [`Subject`] asks: probes for what they do offer.
#[cfg(feature = "peers")]
mod peers {
    use super::{Arguments, CAPACITY, Driver, find, keep};

    type Bump8 = bumpalo::Bump<8>;
    type Typed24 = typed_arena::Arena<[u64; 3]>;

    pub(super) fn drive_bumpalo_8(name: &str, driver: Driver) -> bool {
        let Some(case) = find(name) else { return false };
        let arena = Bump8::with_min_align_and_capacity(CAPACITY);
        let subject = &raw const arena as usize;
        let (function, arguments): (*const (), Arguments) = match name {
            "call-24" => (bump8_call_24 as *const (), [subject, 0, 0, 0, 0]),
            "alloc-24" => (bump8_loop_24 as *const (), [subject, 0, 2, 3, 0]),
            _ => return false,
        };
        // SAFETY: each function takes the leading integers it is paired with; the arena lives to the end of this function.
        unsafe { driver.drive(function, arguments, case.shape, || ()) };
        true
    }

    pub(super) fn drive_typed_arena(name: &str, driver: Driver) -> bool {
        let Some(case) = find(name) else { return false };
        let arena = Typed24::with_capacity(CAPACITY / 24);
        let subject = &raw const arena as usize;
        let (function, arguments): (*const (), Arguments) = match name {
            "call-24" => (typed_call_24 as *const (), [subject, 0, 0, 0, 0]),
            "alloc-24" => (typed_loop_24 as *const (), [subject, 0, 2, 3, 0]),
            _ => return false,
        };
        // SAFETY: the function takes the leading integers it is paired with; the arena lives to the end of this function.
        unsafe { driver.drive(function, arguments, case.shape, || ()) };
        true
    }

    #[inline(never)]
    extern "C" fn bump8_call_24(arena: &Bump8) -> &[u64; 3] {
        arena.alloc([1, 2, 3])
    }

    #[inline(never)]
    extern "C" fn bump8_loop_24(arena: &Bump8, turns: u64, b: u64, c: u64) {
        for a in 0..turns {
            keep(&*arena.alloc([a, b, c]));
        }
    }

    #[inline(never)]
    extern "C" fn typed_call_24(arena: &Typed24) -> &[u64; 3] {
        arena.alloc([1, 2, 3])
    }

    #[inline(never)]
    extern "C" fn typed_loop_24(arena: &Typed24, turns: u64, b: u64, c: u64) {
        for a in 0..turns {
            keep(&*arena.alloc([a, b, c]));
        }
    }
}
