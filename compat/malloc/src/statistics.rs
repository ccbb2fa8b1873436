//! What the heap holds: for programs, by the functions of `compiler_alloc.h`, and for people, as tables on standard error.

use crate::environment::Profile;
use compiler_alloc::heap::ClassUse;
use compiler_alloc::profile::hosted_server;
use compiler_alloc::profile::standard_error::say;
use core::ffi::c_int;
use core::ptr::from_ref;
use core::sync::atomic::{AtomicBool, Ordering};

static IS_SERVER: AtomicBool = AtomicBool::new(false);

/// Notes which heap serves the program, for the tables.
pub fn note_profile(profile: Profile) {
    IS_SERVER.store(profile == Profile::HostedServer, Ordering::Relaxed);
}

/// What the process holds, in bytes: `struct compiler_alloc_stats`. Fields are only ever added at the end.
#[repr(C)]
pub struct Stats {
    /// In slabs and large allocations.
    heap_live_bytes: usize,
    /// The most that was ever live.
    live_peak_bytes: usize,
    /// Committed and in nobody's use.
    idle_bytes: usize,
    /// Committed, whoever has it.
    committed_bytes: usize,
    /// Address space for blocks.
    reserved_bytes: usize,
    /// Address space for the heap's own records.
    record_bytes: usize,
    /// Given back to the system so far.
    purged_bytes: usize,
    /// Threads that have accounts.
    threads: usize,
}

fn stats() -> Stats {
    let stats = hosted_server::stats();
    Stats {
        heap_live_bytes: stats.heap_live_bytes,
        live_peak_bytes: stats.live_peak_bytes,
        idle_bytes: stats.idle_bytes(),
        committed_bytes: stats.committed_bytes,
        reserved_bytes: stats.reserved_bytes,
        record_bytes: stats.record_bytes,
        purged_bytes: stats.purged_bytes,
        threads: stats.threads,
    }
}

/// What is in use of one size class: `struct compiler_alloc_class`. Fields are only ever added at the end.
#[repr(C)]
pub struct Class {
    /// Bytes of a block; 0 for large allocations.
    block_bytes: usize,
    /// Slabs, or large allocations.
    spans: usize,
    /// Bytes of these.
    span_bytes: usize,
    /// Blocks that the program has, of all slabs but those of other running threads.
    blocks: usize,
    /// With those of other running threads: at most.
    blocks_max: usize,
}

impl From<&ClassUse> for Class {
    fn from(class: &ClassUse) -> Self {
        Class {
            block_bytes: class.block_bytes,
            spans: class.spans,
            span_bytes: class.span_bytes,
            blocks: class.blocks,
            blocks_max: class.blocks_max,
        }
    }
}

/// Copies as much of `value` as the caller has room for, and answers how much there is.
///
/// # Safety
/// - `room_bytes` bytes at `place` can be written.
unsafe fn copy_out<T>(value: &T, place: *mut T, room_bytes: usize) -> usize {
    let bytes = room_bytes.min(size_of::<T>());
    // SAFETY: needs that many readable and writable bytes that do not overlap: the value's own, and the caller's.
    unsafe { core::ptr::copy_nonoverlapping(from_ref(value).cast::<u8>(), place.cast(), bytes) };
    size_of::<T>()
}

/// Writes what the process holds to `place`, at most `room_bytes` bytes of it, and answers how many there are.
///
/// Takes the span backend's lock.
///
/// # Safety
/// - `room_bytes` bytes at `place` can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn compiler_alloc_stats(place: *mut Stats, room_bytes: usize) -> usize {
    // SAFETY: needs room; the caller promises it.
    unsafe { copy_out(&stats(), place, room_bytes) }
}

/// Calls `visit` for every class that has spans, large allocations first, then by block size. It must not allocate.
///
/// Exact if no other thread runs. Takes the heap's lock; cost: every slab.
///
/// # Safety
/// - `visit` can be called with a class and `context`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn compiler_alloc_visit_classes(
    visit: unsafe extern "C" fn(*const Class, *mut core::ffi::c_void),
    context: *mut core::ffi::c_void,
) {
    for class in hosted_server::census().used() {
        // SAFETY: needs a function that takes these; the caller promises it.
        unsafe { visit(&Class::from(class), context) };
    }
}

/// Validates every structure of the heap; 0 if all is well. Says the first thing that is not on standard error, and answers 1.
///
/// Exact if no other thread runs. Takes the locks; cost: everything there is.
#[unsafe(no_mangle)]
pub extern "C" fn compiler_alloc_check() -> c_int {
    match hosted_server::check() {
        Ok(()) => 0,
        Err(error) => {
            say(format_args!("compiler-alloc: {error:?}"));
            1
        }
    }
}

/// Prints what the process holds to standard error, by size class too.
#[unsafe(no_mangle)]
pub extern "C" fn compiler_alloc_print_stats() {
    let stats = stats();
    let is_server = IS_SERVER.load(Ordering::Relaxed);
    say(format_args!("compiler-alloc: {}", if is_server { "hosted-server" } else { "hosted-small" }));
    for (name, bytes) in [
        ("live", stats.heap_live_bytes),
        ("live at most", stats.live_peak_bytes),
        ("idle", stats.idle_bytes),
        ("committed", stats.committed_bytes),
        ("reserved", stats.reserved_bytes),
        ("records", stats.record_bytes),
        ("given back", stats.purged_bytes),
    ] {
        say(format_args!("  {name:<14}{:>12} KiB", bytes.div_ceil(1024)));
    }
    say(format_args!("  {:<14}{:>12}", "threads", stats.threads));
    if is_server {
        print_transfer();
    }
    print_classes();
}

/// Prints what is in use to standard error, by size class, if anything is.
#[unsafe(no_mangle)]
pub extern "C" fn compiler_alloc_print_leaks() {
    let (blocks, bytes) = hosted_server::census()
        .used()
        .fold((0, 0), |(blocks, bytes), class| (blocks + class.blocks_max, bytes + class.bytes()));
    if blocks == 0 {
        return say(format_args!("compiler-alloc: nothing is left"));
    }
    say(format_args!("compiler-alloc: {blocks} blocks were not freed, {bytes} bytes"));
    print_classes();
}

/// What became of the batches of the transfer cache, and on which nodes the memory lies.
fn print_transfer() {
    let counts = hosted_server::transfer_counts();
    for (name, batches) in [
        ("batches taken", counts.hits),
        ("none there", counts.misses),
        ("no room", counts.overflows),
        ("sent home", counts.sent_home),
        ("waiting", counts.waiting),
    ] {
        say(format_args!("  {name:<14}{batches:>12}"));
    }
    say(format_args!("  {:<14}{:>12} of 1000", "hit rate", counts.hits_per_mille()));
    if let Ok(nodes) = hosted_server::node_stats() {
        for (node, bytes) in nodes.nodes() {
            say(format_args!("  node {node:<9}{:>12} KiB", bytes / 1024));
        }
    }
}

fn print_classes() {
    say(format_args!("  {:>10}{:>12}{:>12}{:>10}{:>12}", "block", "in use", "at most", "spans", "KiB"));
    for class in hosted_server::census().used() {
        let &ClassUse { block_bytes, blocks, blocks_max, spans, span_bytes, .. } = class;
        let kib = span_bytes / 1024;
        if block_bytes == 0 {
            say(format_args!("  {:>10}{blocks:>12}{blocks_max:>12}{spans:>10}{kib:>12}", "large"));
        } else {
            say(format_args!("  {block_bytes:>10}{blocks:>12}{blocks_max:>12}{spans:>10}{kib:>12}"));
        }
    }
}
