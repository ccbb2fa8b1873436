//! Whether the memories are what they are called: the calls of the global allocator are counted, a thread at a time.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::path::Path;

use passes::driver::compile_commands::{Database, Unit};
use passes::memory::arenas::ArenaMemory;
use passes::memory::{Memory, Region, Scratch};

use crate::below;
use crate::boxes::BoxMemory;
use crate::counted::{Asked, Counted};
use crate::worker::{Results, Stage, run};

/// Calls of one thread.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
struct Calls {
    allocations: u64,
    frees: u64,
}

thread_local! {
    static CALLS: Cell<Calls> = const { Cell::new(Calls { allocations: 0, frees: 0 }) };
}

struct Counting;

// SAFETY: the contract is that of `System`, which does all the work with the same arguments.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let calls = CALLS.get();
        CALLS.set(Calls { allocations: calls.allocations + 1, ..calls });
        // SAFETY: the caller's duties are those of `System::alloc`.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let calls = CALLS.get();
        CALLS.set(Calls { frees: calls.frees + 1, ..calls });
        // SAFETY: the caller's duties are those of `System::dealloc`; every block is `System`'s.
        unsafe { System.dealloc(block, layout) }
    }
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's duties are those of `System::realloc`; every block is `System`'s.
        unsafe { System.realloc(block, layout, size) }
    }
}

#[global_allocator]
static GLOBAL: Counting = Counting;

/// The calling thread's calls during `work`.
fn calls(work: impl FnOnce()) -> Calls {
    let before = CALLS.get();
    work();
    let after = CALLS.get();
    Calls { allocations: after.allocations - before.allocations, frees: after.frees - before.frees }
}

/// A unit `name` with this text in `folder`.
fn unit(folder: &Path, name: &str, text: &str) -> Vec<Unit> {
    std::fs::write(folder.join(name), text).expect("the unit is written");
    let list =
        format!("[{{\"directory\": {folder:?}, \"file\": \"{name}\", \"arguments\": [\"cc\", \"{name}\"]}}]");
    Database::parse(&folder.join("compile_commands.json"), &list).expect("it is a list").units
}

/// A text of so many functions.
fn functions(count: usize) -> String {
    (0..count)
        .map(|at| format!("int f{at}(int a, int b) {{ return a * b + (a - {at}) / (b + 1); }}\n"))
        .collect()
}

#[test]
fn a_scope_over_boxes_calls_the_allocator_for_every_slice_and_frees_each_at_its_end() {
    scopes_and_out::<BoxMemory<true>>();
}

fn scopes_and_out<M: Memory>() {
    let mut session = Default::default();
    M::pass(&mut session, "test", |pass| {
        let mut worker = M::worker(pass);
        let (mut scratch, out) = M::split(&mut worker);
        let inner = calls(|| {
            scratch.scope(|region| {
                for at in 0..100_u64 {
                    assert_eq!(region.slice_copy(&[at, at]), [at, at]);
                    assert!(region.slice_fill(0, at).is_empty());
                }
            });
        });
        // The list of blocks is one allocation that grows by `realloc`, and stays.
        assert_eq!(inner, Calls { allocations: 101, frees: 100 });
        // It is there, and nothing of `out` is freed before the pass ends.
        let again = calls(|| scratch.scope(|region| assert_eq!(region.slice_with(3, |at| at), [0, 1, 2])));
        assert_eq!(again, Calls { allocations: 1, frees: 1 });
        assert_eq!(calls(|| assert_eq!(out.slice_fill(2, 7_u8), [7, 7])), Calls { allocations: 2, frees: 0 });
        assert_eq!(M::held(out).used_bytes, 2);
    });
    let accounts = M::take_accounts(&mut session);
    assert_eq!((accounts[0].name, accounts[0].runs, accounts[0].out_used_bytes), ("test", 1, 2));
}

#[test]
fn what_a_pass_over_boxes_was_given_is_freed_with_it_unless_boxes_are_leaked() {
    fn of<M: Memory>() -> Calls {
        let mut session = Default::default();
        calls(|| {
            M::pass(&mut session, "test", |pass| {
                let mut worker = M::worker(pass);
                let (_, out) = M::split(&mut worker);
                for at in 0..50_u64 {
                    out.slice_copy(&[at]);
                }
            });
        })
    }
    // More allocations are lists: of the blocks if they are to be freed, of who had some, and of accounts.
    assert_eq!(of::<BoxMemory<true>>(), Calls { allocations: 53, frees: 50 });
    assert_eq!(of::<BoxMemory<false>>(), Calls { allocations: 52, frees: 0 });
}

#[test]
fn every_node_of_the_frontend_is_a_call_on_boxes_and_hardly_any_is_on_arenas() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let units = unit(folder.path(), "a.c", &functions(500));
    let before = Asked::so_far();
    let results = run::<Counted<ArenaMemory>>(&units, Stage::Check, 1, false).0;
    let asked = Asked::so_far().allocations - before.allocations;
    assert_eq!((results.functions, results.findings), (500, 0));
    // Seven operators a function and four names are nodes, and there is more than nodes.
    assert!(asked > 500 * 11, "{asked}");
    let of_boxes = calls(|| _ = run::<BoxMemory<true>>(&units, Stage::Check, 1, false));
    let of_leaked = calls(|| _ = run::<BoxMemory<false>>(&units, Stage::Check, 1, false));
    let of_arenas = calls(|| _ = run::<ArenaMemory>(&units, Stage::Check, 1, false));
    assert!(of_boxes.allocations >= asked + of_arenas.allocations / 2, "{of_boxes:?} for {asked}");
    assert!(of_leaked.allocations >= asked && of_leaked.frees < asked / 10, "{of_leaked:?} for {asked}");
    assert!(of_boxes.frees >= asked, "{of_boxes:?} for {asked}");
    assert!(of_arenas.allocations < asked / 10, "{of_arenas:?} for {asked}");
}

#[test]
fn all_memories_come_to_the_same_results_and_other_findings_are_other_results() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = "int f(void) { return g + 1; }\nint *h(void) { return 3; }\n";
    let units = unit(folder.path(), "a.c", text);
    let stage = Stage::KeepTrees;
    let ours: Results = run::<ArenaMemory>(&units, stage, 2, true).0;
    assert!(ours.findings >= 2 && ours.functions == 2, "{ours:?}");
    assert_eq!(run::<BoxMemory<true>>(&units, stage, 2, true).0, ours);
    assert_eq!(run::<BoxMemory<false>>(&units, stage, 1, true).0, ours);
    #[cfg(feature = "peers")]
    assert_eq!(run::<passes::memory::bump::BumpMemory>(&units, stage, 1, true).0, ours);
    let other =
        run::<ArenaMemory>(&unit(folder.path(), "a.c", &text.replace("g + 1", "i + 1")), stage, 1, true).0;
    assert_eq!((other.findings, other.tokens), (ours.findings, ours.tokens));
    assert_ne!(other.findings_digest, ours.findings_digest);
}

#[test]
fn glibc_is_known_by_its_own_account() {
    // What other tests free meanwhile is counted, too.
    assert!((0..100).any(|_| below::glibc()));
}
