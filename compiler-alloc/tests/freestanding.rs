//! The profile `freestanding`: what a heap in fixed storage does, and a program of it without standard library and start files.

use compiler_alloc::Arena;
use compiler_alloc::fault::{FactName, FaultCode};
use compiler_alloc::fixed_heap::FixedHeap;
use compiler_alloc::profile::freestanding::{
    Exclusive, Freestanding, STORAGE_BYTES_MIN, SingleContext, StaticHeap,
};
use std::alloc::{GlobalAlloc, Layout};
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::sync::Mutex;

fn layout(bytes: usize) -> Layout {
    Layout::from_size_align(bytes, 8).unwrap()
}

fn storage(bytes: usize) -> Vec<MaybeUninit<u8>> {
    vec![MaybeUninit::new(0xA5); bytes]
}

/// Takes blocks of a size until there is no room.
fn fill(heap: &Freestanding<'_>, bytes: usize) -> Vec<NonNull<u8>> {
    std::iter::from_fn(|| heap.allocate(layout(bytes)).ok()).collect()
}

fn give_back(heap: &Freestanding<'_>, blocks: impl IntoIterator<Item = NonNull<u8>>, bytes: usize) {
    for block in blocks {
        // SAFETY: needs a block lent for this layout, that is not used any more; `fill` took it so.
        unsafe { heap.deallocate(block, layout(bytes)) };
    }
}

#[test]
fn exhaustion_is_a_fault_with_facts_and_ends_with_a_free() {
    let mut storage = storage(64 << 10);
    let heap = Freestanding::new(&mut storage).unwrap();
    let mut blocks = fill(&heap, 1000);
    let fault = heap.allocate(layout(1000)).unwrap_err();
    assert_eq!(fault.code, FaultCode::Exhaustion);
    assert_eq!(fault.fact(FactName::Asked), Some(1000));
    assert_eq!(fault.fact(FactName::Limit), Some(heap.capacity_bytes() as u64));
    assert_eq!(fault.fact(FactName::Used), Some((heap.capacity_bytes() - heap.free_bytes()) as u64));
    heap.check().unwrap();
    give_back(&heap, blocks.pop(), 1000);
    blocks.push(heap.allocate(layout(1000)).expect("there is room for just this block"));
    give_back(&heap, blocks, 1000);
    assert_eq!(heap.check().unwrap().live_bytes, 0);
}

#[test]
fn after_everything_came_back_the_storage_is_one_block_again() {
    let mut storage = storage(1 << 20);
    let heap = Freestanding::new(&mut storage).unwrap();
    for bytes in [8, 40, 256, 257, 2048, 2049, 70_000] {
        let blocks = fill(&heap, bytes);
        assert!(blocks.len() > 10, "{bytes}");
        let (even, odd): (Vec<_>, Vec<_>) =
            blocks.into_iter().enumerate().partition(|(number, _)| number % 2 == 0);
        give_back(&heap, even.into_iter().map(|(_, block)| block), bytes);
        heap.check().unwrap();
        give_back(&heap, odd.into_iter().map(|(_, block)| block), bytes);
    }
    heap.reclaim();
    let census = heap.check().unwrap();
    assert_eq!((census.live_bytes, census.kept_bytes, census.slab_pages), (0, 0, 0));
    assert_eq!(census.largest_free_bytes, heap.capacity_bytes());
}

#[test]
fn memory_of_small_blocks_serves_large_ones_when_it_is_needed() {
    let mut storage = storage(1 << 20);
    let heap = Freestanding::new(&mut storage).unwrap();
    for bytes in (8..=256).step_by(8) {
        let blocks = fill(&heap, bytes);
        give_back(&heap, blocks, bytes);
    }
    let all = heap.capacity_bytes() - 16;
    let block = heap.allocate(layout(all)).expect("idle slab pages go back when a request needs them");
    give_back(&heap, [block], all);
}

#[test]
fn a_small_block_is_served_though_no_page_is_free() {
    let mut storage = storage(300 << 10);
    let heap = Freestanding::new(&mut storage).unwrap();
    let large = fill(&heap, 3000);
    let small = fill(&heap, 24);
    assert!(small.len() > 10, "what is left between large blocks serves small ones");
    give_back(&heap, large, 3000);
    give_back(&heap, small, 24);
    assert_eq!(heap.check().unwrap().live_bytes, 0);
}

#[test]
fn storage_that_is_too_small_is_refused() {
    let mut storage = storage(STORAGE_BYTES_MIN - 1);
    let fault = Freestanding::new(&mut storage).err().expect("one byte is missing");
    assert_eq!(fault.code, FaultCode::Exhaustion);
    assert_eq!(fault.fact(FactName::Limit), Some(STORAGE_BYTES_MIN as u64 - 1));
}

#[test]
fn an_empty_layout_gets_an_aligned_block_of_its_own() {
    let mut storage = storage(64 << 10);
    let heap = Freestanding::new(&mut storage).unwrap();
    for align in [1, 16, 64, 512, 4096] {
        let empty = Layout::from_size_align(0, align).unwrap();
        let (one, other) = (heap.allocate(empty).unwrap(), heap.allocate(empty).unwrap());
        assert!(one != other && one.as_ptr().addr().is_multiple_of(align));
        for block in [one, other] {
            // SAFETY: needs a block lent for this layout; it was above.
            unsafe { heap.deallocate(block, empty) };
        }
    }
    assert_eq!(heap.check().unwrap().live_bytes, 0);
}

#[test]
fn a_class_gets_a_page_once_the_region_lent_four_of_its_blocks() {
    let mut storage = storage(300 << 10);
    let heap = Freestanding::new(&mut storage).unwrap();
    let blocks = [0; 5].map(|_| heap.allocate(layout(24)).unwrap());
    assert_eq!(heap.check().unwrap().slab_pages, 1);
    give_back(&heap, blocks, 24);
    assert_eq!(heap.check().unwrap().slab_pages, 1, "the page serves the next blocks of the class");
    let blocks = [0; 4].map(|_| heap.allocate(layout(40)).unwrap());
    assert_eq!(heap.check().unwrap().slab_pages, 1, "four blocks of another class do not need one");
    give_back(&heap, blocks, 40);
    assert_eq!(heap.check().unwrap().live_bytes, 0);
}

#[test]
fn a_block_that_came_back_is_kept_for_the_next_request_of_its_size_and_alignment() {
    let mut storage = storage(16 << 20);
    let heap = Freestanding::new(&mut storage).unwrap();
    // Size, alignment, another size that the same blocks serve, and one that they do not.
    let cases =
        [(300, 8, 289, 305), (2048, 16, 2040, 2064), (20_000, 8, 19_969, 20_481), (700, 64, 641, 705)];
    for (bytes, align, same, other) in cases {
        let layout = |bytes| Layout::from_size_align(bytes, align).unwrap();
        let block = heap.allocate(layout(bytes)).unwrap();
        // SAFETY: needs a block of this heap and layout that is not used any more; it was lent just now.
        unsafe { heap.deallocate(block, layout(bytes)) };
        let kept_bytes = heap.check().unwrap().kept_bytes;
        let different = heap.allocate(layout(other)).unwrap();
        assert_eq!(heap.check().unwrap().kept_bytes, kept_bytes, "{other} bytes are none of {bytes}");
        assert_eq!(heap.allocate(layout(same)).unwrap(), block, "{same} bytes at {align}");
        // SAFETY: needs blocks of this heap and these layouts that are not used any more; they were lent just now.
        unsafe { heap.deallocate(different, layout(other)) };
        // SAFETY: needs a block of this heap and this layout, as above.
        unsafe { heap.deallocate(block, layout(same)) };
    }
    heap.reclaim();
    let census = heap.check().unwrap();
    assert_eq!((census.live_bytes, census.kept_bytes, census.free_bytes), (0, 0, heap.capacity_bytes()));
}

#[test]
fn where_blocks_are_resized_kept_ones_go_home() {
    let mut storage = storage(16 << 20);
    let heap = Freestanding::new(&mut storage).unwrap();
    let sizes = || (272..2048).step_by(16).chain((2048..32_768).step_by(512));
    let middle: Vec<_> = sizes().map(|bytes| heap.allocate(layout(bytes)).unwrap()).collect();
    for (block, bytes) in middle.into_iter().zip(sizes()) {
        give_back(&heap, [block], bytes);
    }
    let before = heap.check().unwrap().kept_bytes;
    assert!(before > 1_000_000, "one block of each size: {before}");
    let (mut block, mut bytes) = (heap.allocate(layout(40_000)).unwrap(), 40_000);
    let mut resizes = 0;
    while heap.check().unwrap().kept_bytes != 0 {
        // SAFETY: needs a block of this heap with this layout, and a size; it was lent above or resized here.
        block = unsafe { heap.resize(block, layout(bytes), bytes + 1000) }.unwrap();
        bytes += 1000;
        resizes += 1;
    }
    assert!((10..50).contains(&resizes), "a few lists at each resize: {resizes}");
    give_back(&heap, [block], bytes);
    assert_eq!(heap.check().unwrap().live_bytes, 0);
}

#[test]
fn a_block_that_shrinks_moves_into_a_free_block_that_is_smaller_than_its_own() {
    let mut storage = storage(64 << 10);
    let heap = Freestanding::new(&mut storage).unwrap();
    let [gap, between, block] = [1008, 16, 8000].map(|bytes| heap.allocate(layout(bytes)).unwrap());
    // SAFETY: needs a block of so many bytes; it was lent above.
    unsafe { block.write_bytes(7, 8000) };
    give_back(&heap, [gap], 1008);
    // SAFETY: needs a block lent for this layout; it was above.
    let stays = unsafe { heap.resize(block, layout(8000), 7984) }.unwrap();
    assert_eq!(stays, block, "too little comes free");
    // SAFETY: needs a block lent for this layout; it was, and shrank to it.
    let stays = unsafe { heap.resize(stays, layout(7984), 2000) }.unwrap();
    assert_eq!(stays, block, "no free block that has room is smaller");
    // SAFETY: as above.
    let moved = unsafe { heap.resize(stays, layout(2000), 1000) }.unwrap();
    assert_eq!(moved, gap);
    for at in 0..1000 {
        // SAFETY: needs an offset inside the block.
        let byte = unsafe { moved.add(at) };
        // SAFETY: needs a byte that was written; all were, before the block moved.
        assert_eq!(unsafe { byte.read() }, 7);
    }
    give_back(&heap, [moved], 1000);
    give_back(&heap, [between], 16);
    assert_eq!(heap.check().unwrap().largest_free_bytes, heap.capacity_bytes());
}

#[test]
fn a_block_that_cannot_grow_elsewhere_grows_into_what_is_free_beside_it() {
    let mut storage = storage(64 << 10);
    let heap = Freestanding::new(&mut storage).unwrap();
    let third = (heap.capacity_bytes() / 3) & !15;
    // Blocks are lent from the high end; at most two granules stay free below the last.
    let [high, middle, low] = [0; 3].map(|_| heap.allocate(layout(third)).unwrap());
    // SAFETY: needs a block of so many bytes; it was lent above.
    unsafe { middle.write_bytes(7, third) };
    give_back(&heap, [low], third);
    // SAFETY: needs a block lent for this layout; it is the middle one.
    let moved =
        unsafe { heap.resize(middle, layout(third), 2 * third) }.expect("both thirds together are enough");
    assert!(low.addr().get().checked_sub(moved.addr().get()).is_some_and(|below| below <= 32));
    for at in 0..third {
        // SAFETY: needs an offset inside the block.
        let byte = unsafe { moved.add(at) };
        // SAFETY: needs a byte that was written; the first third was, before it moved.
        assert_eq!(unsafe { byte.read() }, 7);
    }
    give_back(&heap, [moved], 2 * third);
    give_back(&heap, [high], third);
    assert_eq!(heap.check().unwrap().live_bytes, 0);
}

/// Keeps threads apart as a board keeps interrupts apart.
struct OneAtATime(Mutex<()>);

// SAFETY: needs that works do not run beside each other; they hold the mutex.
unsafe impl Exclusive for OneAtATime {
    fn run<R>(&self, work: impl FnOnce() -> R) -> R {
        let _turn = self.0.lock().unwrap();
        work()
    }
}

#[test]
fn storage_of_zeroes_is_divided_like_any_other() {
    // Sizes with which the table of pages ends with a record, and what the region wrote there would be one with a class.
    for bytes in
        (256 << 10..320 << 10).step_by(4 * 4096).flat_map(|pages| [pages, pages + 16, pages + 32, pages - 16])
    {
        let whole = Layout::from_size_align(bytes, 4096).unwrap();
        // SAFETY: needs a layout with bytes; it has some.
        let memory = NonNull::new(unsafe { std::alloc::alloc_zeroed(whole) }).unwrap();
        for size in [128, 256] {
            // SAFETY: needs that many bytes of ours; they were taken above, and no heap uses them.
            unsafe { memory.write_bytes(0, bytes) };
            let mut heap = FixedHeap::EMPTY;
            // SAFETY: needs a heap without storage and zeroes that nobody else uses; the memory is given back behind the loop.
            assert!(unsafe { heap.begin(memory, bytes, true) });
            heap.check().unwrap_or_else(|error| panic!("{bytes} bytes: {error:?}"));
            let blocks: Vec<_> = std::iter::from_fn(|| heap.allocate(layout(size))).collect();
            for block in blocks {
                // SAFETY: needs a block lent for this layout, that is not used any more; it was taken so.
                unsafe { heap.deallocate(block, layout(size)) };
            }
            heap.reclaim();
            let census =
                heap.check().unwrap_or_else(|error| panic!("{bytes} bytes, blocks of {size}: {error:?}"));
            assert_eq!((census.live_bytes, census.slab_pages), (0, 0), "{bytes} bytes, blocks of {size}");
        }
        // SAFETY: needs the layout of the allocation; the heaps are gone.
        unsafe { std::alloc::dealloc(memory.as_ptr(), whole) };
    }
}

#[test]
fn contexts_that_are_kept_apart_may_share_a_static_heap() {
    // SAFETY: needs a value that stays where it is; it is a static's.
    static HEAP: StaticHeap<{ 256 << 10 }, OneAtATime> =
        unsafe { StaticHeap::new(OneAtATime(Mutex::new(()))) };
    std::thread::scope(|scope| {
        for thread in 0..4_usize {
            scope.spawn(move || {
                for round in 0..2000 {
                    let bytes = 1 + (thread * 97 + round * 31) % 600;
                    // SAFETY: needs a layout that is not empty.
                    let block = unsafe { HEAP.alloc(layout(bytes)) };
                    assert!(!block.is_null());
                    // SAFETY: needs a block of so many bytes.
                    unsafe { block.write_bytes(thread as u8, bytes) };
                    // SAFETY: needs a block lent for this layout.
                    let block = unsafe { HEAP.realloc(block, layout(bytes), bytes * 2) };
                    // SAFETY: needs a byte that was written, and resizing keeps it.
                    assert_eq!(unsafe { block.read() }, thread as u8);
                    // SAFETY: needs a block lent for this layout.
                    unsafe { HEAP.dealloc(block, layout(bytes * 2)) };
                }
            });
        }
    });
    assert_eq!(HEAP.check().unwrap().live_bytes, 0);
}

#[test]
fn arenas_and_blocks_share_the_storage_to_the_end() {
    // SAFETY: needs one context; only this test uses it.
    const ONE: SingleContext = unsafe { SingleContext::promise() };
    // SAFETY: needs a value that stays where it is; it is a static's.
    static HEAP: StaticHeap<{ 128 << 10 }> = unsafe { StaticHeap::new(ONE) };
    let block = HEAP.allocate(layout(100)).unwrap();
    let mut arena = Arena::new_in(&HEAP);
    let mut first = None;
    for _ in 0..3 {
        let mut count = 0;
        while let Ok(words) = arena.try_alloc([0_u64; 4]) {
            words[0] = count;
            count += 1;
        }
        assert!(count * 32 > HEAP.capacity_bytes() as u64 * 9 / 10, "{count} objects");
        assert_eq!(*first.get_or_insert(count), count, "a reset makes all of it free again");
        arena.reset();
    }
    assert!(HEAP.allocate(layout(20_000)).is_err(), "the arena keeps its pieces");
    drop(arena);
    let large = HEAP.allocate(layout(20_000)).expect("the arena gave its pieces back");
    for (block, bytes) in [(block, 100), (large, 20_000)] {
        // SAFETY: needs a block lent for this layout; both were above.
        unsafe { HEAP.deallocate(block, layout(bytes)) };
    }
    HEAP.reclaim();
    assert_eq!(HEAP.check().unwrap().largest_free_bytes, HEAP.capacity_bytes());
}

#[test]
#[cfg(feature = "allocator-api2")]
fn collections_live_in_a_buffer() {
    let mut storage = storage(64 << 10);
    let heap = Freestanding::new(&mut storage).unwrap();
    let mut map = hashbrown::HashMap::with_hasher_in(hashbrown::DefaultHashBuilder::default(), &heap);
    for number in 0..500 {
        map.insert(number, number * 3);
    }
    assert!((0..500).all(|number| map[&number] == number * 3));
    assert!(heap.check().unwrap().live_bytes > 500 * 8);
    drop(map);
    assert_eq!(heap.check().unwrap().live_bytes, 0);
}

/// The example package, built as its users build it; linking it proves that no path of the program panics.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod program {
    use std::path::{Path, PathBuf};
    use std::process::Command;

    fn built() -> PathBuf {
        let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/freestanding");
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("freestanding");
        // The versions that the workspace was tested with; they are here already. Without that file cargo finds some itself.
        let _ = std::fs::copy(package.join("../../../Cargo.lock"), package.join("Cargo.lock"));
        let status = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--release", "--target-dir"])
            .arg(&target)
            .arg("--manifest-path")
            .arg(package.join("Cargo.toml"))
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .status()
            .expect("cargo runs");
        assert!(
            status.success(),
            "the program does not link: a path that panics can be reached, or a symbol is missing"
        );
        target.join("release")
    }

    fn lines_of(tool: &str, arguments: &[&str], program: &Path) -> Vec<String> {
        let output =
            Command::new(tool).args(arguments).arg(program).output().expect("binutils are installed");
        assert!(output.status.success(), "{tool} failed");
        String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_program_without_standard_library_runs_and_needs_nothing() {
        let folder = built();
        for name in ["blocks", "global"] {
            let status = Command::new(folder.join(name)).status().expect("the program starts");
            assert_eq!(status.code(), Some(0), "{name} says which step failed");
            assert_eq!(
                lines_of("nm", &["--undefined-only"], &folder.join(name)),
                [""; 0],
                "{name}: undefined symbols"
            );
        }
        let blocks = folder.join("blocks");
        let text = std::fs::read(&blocks).unwrap();
        for message in [
            "panicked",
            "unwrap",
            "overflow",
            "out of bounds",
            "out of range",
            "src/region",
            "src/fixed_heap",
        ] {
            let found = text.windows(message.len()).any(|window| window == message.as_bytes());
            assert!(!found, "a message of a panic is in the program: {message}");
        }
        let symbols = lines_of("nm", &["--demangle"], &blocks);
        assert!(
            symbols.iter().any(|line| line.contains("fixed_heap")),
            "the symbols say what the program is made of"
        );
        let heap = symbols.iter().find(|line| line.ends_with("::HEAP")).expect("the heap has a symbol");
        assert!(heap.contains(" b "), "the heap lies in .bss: {heap}");
        for part in [
            "remote_free",
            "outbox",
            "transfer",
            "central",
            "page_source",
            "mmap",
            "pthread",
            "rustix",
            "panic",
        ] {
            let found = symbols.iter().find(|line| line.contains(part));
            assert!(found.is_none(), "a part that has no place here: {found:?}");
        }
        // The arena's budget of a pass is an atomic word; the heap and the region have none.
        let mut function = String::new();
        for line in lines_of("objdump", &["--disassemble", "--demangle", "--no-show-raw-insn"], &blocks) {
            if line.ends_with(">:") {
                function = line;
            } else if line.contains("lock ") {
                assert!(function.contains("arena::"), "a locked operation in {function} {line}");
            }
        }
    }
}
