//! Operations on a heap that two threads share, and a trivial model of what they must do: live blocks are aligned, do not
//! overlap and keep their contents, and everything validates after every step that can fail. Shared by
//! `tests/heap_model.rs` (proptest) and `fuzz/fuzz_targets/heap.rs`.

use compiler_alloc::heap::{Heap, SlabMap, ThreadHeap, ThreadToken};
use compiler_alloc::page_source::{FixturePages, MmapPages};
use compiler_alloc::span::SpanBackend;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ptr::NonNull;

/// One step. Numbers are cut to size by the interpreter, so that every sequence is a valid program. `second` says which of
/// the two threads does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Allocates `bytes` bytes, as often as `times`.
    Alloc { second: bool, bytes: u16, times: u8 },
    /// Allocates up to 8 MiB.
    Large { second: bool, kibibytes: u16 },
    /// Allocates aligned to `1 << shift`, up to 2 MiB; zeroed or not.
    Aligned { second: bool, bytes: u16, shift: u8, zeroed: bool },
    /// Frees a block, whoever allocated it.
    Free { second: bool, index: u16 },
    /// Frees many blocks, every `stride`th.
    FreeMany { second: bool, stride: u8 },
    /// Resizes a block, whoever allocated it.
    Resize { second: bool, index: u16, bytes: u32 },
    /// Frees a pointer that is no block.
    FreeWild { second: bool, address: u64, near: bool },
    /// A safepoint.
    Collect { second: bool },
    /// The thread ends; its next operation is another thread's first.
    Exit { second: bool },
    /// Lets a few requests for pages through and refuses those after them.
    Refuse { pass: u8, refuse: u8 },
}

/// Reads operations from bytes, as a fuzzer supplies them.
#[allow(dead_code, reason = "for the fuzz target")]
pub fn decode(bytes: &[u8]) -> Vec<Operation> {
    let mut operations = Vec::new();
    let mut bytes = bytes.iter().copied();
    while let Some(kind) = bytes.next() {
        let second = kind & 128 != 0;
        let mut byte = || bytes.next().unwrap_or(0);
        let mut wide = || u16::from(byte()) | u16::from(byte()) << 8;
        operations.push(match kind % 16 {
            0..=3 => {
                let (bytes, times) = (wide(), wide());
                Operation::Alloc {
                    second,
                    bytes: if times & 256 == 0 { bytes % 1200 } else { bytes },
                    times: times as u8,
                }
            }
            4 => Operation::Large { second, kibibytes: wide() },
            5 | 6 => Operation::Aligned { second, bytes: wide(), shift: byte(), zeroed: kind & 64 != 0 },
            7..=9 => Operation::Free { second, index: wide() },
            10 => Operation::FreeMany { second, stride: byte() },
            11 | 12 => {
                Operation::Resize { second, index: wide(), bytes: u32::from(wide()) << (kind >> 4 & 7) }
            }
            13 => Operation::FreeWild {
                second,
                address: u64::from(wide()) << (wide() % 64),
                near: kind & 64 != 0,
            },
            14 if kind & 64 != 0 => Operation::Exit { second },
            14 => Operation::Collect { second },
            _ => Operation::Refuse { pass: byte() % 16, refuse: byte() % 8 },
        });
    }
    operations
}

type Pages = FixturePages<MmapPages>;

struct Block {
    bytes: usize,
    fill: u8,
}

struct Thread<'b> {
    token: ThreadToken,
    heap: ThreadHeap<'b, &'b Pages>,
}

struct Model<'b> {
    heap: &'b Heap<'b, &'b Pages>,
    threads: [Thread<'b>; 2],
    blocks: BTreeMap<usize, Block>,
    next_fill: u8,
    next_token: usize,
    live_bytes: usize,
}

/// More than this is not allocated at once.
const LIVE_BYTES_MAX: usize = 64 << 20;

impl<'b> Model<'b> {
    fn new_token(&mut self) -> ThreadToken {
        self.next_token += 8;
        // SAFETY: needs a number that no other thread heap has; each is given once.
        unsafe { ThreadToken::new(NonZeroUsize::new(self.next_token).unwrap()) }
    }

    fn add(&mut self, pointer: *mut u8, bytes: usize, align: usize) {
        if pointer.is_null() {
            return;
        }
        let address = pointer.addr();
        assert!(address.is_multiple_of(align), "{bytes} bytes at {align} lie at {address:#x}");
        let usable = self.heap.usable_bytes(pointer);
        assert!(usable >= bytes.max(1), "{usable} usable of {bytes}");
        if let Some((before, block)) = self.blocks.range(..address).next_back() {
            assert!(before + block.bytes.max(1) <= address, "overlap with the block before");
        }
        if let Some((after, _)) = self.blocks.range(address..).next() {
            assert!(address + usable <= *after, "overlap with the block after");
        }
        self.next_fill = self.next_fill.wrapping_add(1);
        // SAFETY: needs that many writable bytes; the block was just allocated.
        unsafe { pointer.write_bytes(self.next_fill, bytes) };
        self.live_bytes += bytes;
        self.blocks.insert(address, Block { bytes, fill: self.next_fill });
    }

    fn holds(pointer: usize, bytes: usize, fill: u8) -> bool {
        let pointer = std::ptr::with_exposed_provenance::<u8>(pointer);
        // SAFETY: needs that many initialised bytes that nobody writes; the model filled the live block.
        unsafe { std::slice::from_raw_parts(pointer, bytes) }.iter().all(|&byte| byte == fill)
    }

    fn address(&self, index: u16) -> Option<usize> {
        let count = self.blocks.len();
        self.blocks.keys().nth(usize::from(index) % count.max(1)).copied()
    }

    fn free(&mut self, second: bool, address: usize) {
        let block = self.blocks.remove(&address).unwrap();
        assert!(Self::holds(address, block.bytes, block.fill), "a live block changed");
        self.live_bytes -= block.bytes;
        let thread = &mut self.threads[usize::from(second)];
        let pointer = std::ptr::with_exposed_provenance_mut(address);
        // SAFETY: needs a live block that nobody uses again; the model forgot it.
        unsafe { thread.heap.free(self.heap, thread.token, pointer) };
    }

    fn alloc(&mut self, second: bool, bytes: usize, align: usize, zeroed: bool) {
        if self.live_bytes + bytes > LIVE_BYTES_MAX {
            return;
        }
        let thread = &mut self.threads[usize::from(second)];
        let pointer = if zeroed {
            // SAFETY: needs the same heap and token at every call; they are the thread's.
            unsafe { thread.heap.alloc_zeroed(self.heap, thread.token, bytes, align) }
        } else if align <= 16 {
            // SAFETY: as above.
            unsafe { thread.heap.alloc(self.heap, thread.token, bytes) }
        } else {
            // SAFETY: as above.
            unsafe { thread.heap.alloc_aligned(self.heap, thread.token, bytes, align) }
        };
        pointer.expose_provenance();
        assert!(!zeroed || pointer.is_null() || Self::holds(pointer.addr(), bytes, 0), "not zero");
        self.add(pointer, bytes, align);
    }

    fn resize(&mut self, second: bool, address: usize, bytes: usize) {
        let Block { bytes: old_bytes, fill } = self.blocks[&address];
        if self.live_bytes + bytes > LIVE_BYTES_MAX {
            return;
        }
        let thread = &mut self.threads[usize::from(second)];
        let pointer = NonNull::new(std::ptr::with_exposed_provenance_mut(address)).unwrap();
        // SAFETY: needs a live block; the model has it. Every block is aligned to 8 at least.
        let moved = unsafe { thread.heap.resize(self.heap, thread.token, pointer, bytes, 8) };
        if moved.is_null() {
            assert!(Self::holds(address, old_bytes, fill), "a failed resize changed the block");
            return;
        }
        moved.expose_provenance();
        assert!(Self::holds(moved.addr(), old_bytes.min(bytes), fill), "resizing lost the contents");
        self.blocks.remove(&address);
        self.live_bytes -= old_bytes;
        self.add(moved, bytes, 8);
    }

    fn exit(&mut self, second: bool) {
        let token = self.new_token();
        let thread = &mut self.threads[usize::from(second)];
        // SAFETY: needs the same heap at every call; there is one.
        unsafe { thread.heap.exit(self.heap) };
        thread.token = token;
    }

    fn step(&mut self, pages: &Pages, operation: Operation) {
        match operation {
            Operation::Alloc { second, bytes, times } => {
                for _ in 0..=times {
                    self.alloc(second, bytes.into(), 16, false);
                }
            }
            Operation::Large { second, kibibytes } => {
                self.alloc(second, usize::from(kibibytes % 8192) << 10, 16, false);
            }
            Operation::Aligned { second, bytes, shift, zeroed } => {
                self.alloc(second, bytes.into(), 1 << (shift % 22), zeroed);
            }
            Operation::Free { second, index } => {
                if let Some(address) = self.address(index) {
                    self.free(second, address);
                }
            }
            Operation::FreeMany { second, stride } => {
                let stride = usize::from(stride % 8) + 1;
                let addresses: Vec<_> = self.blocks.keys().copied().step_by(stride).collect();
                for address in addresses {
                    self.free(second, address);
                }
            }
            Operation::Resize { second, index, bytes } => {
                if let Some(address) = self.address(index) {
                    self.resize(second, address, bytes as usize % (8 << 20));
                }
            }
            Operation::FreeWild { second, address, near } => {
                let mut address = address as usize;
                if near && let Some((block, _)) = self.blocks.first_key_value() {
                    // Inside the block, and never a block of its own: those begin at multiples of 8.
                    address = block + ((address % 4096) | 1);
                }
                if self.heap.usable_bytes(std::ptr::without_provenance(address)) == 0 {
                    let thread = &mut self.threads[usize::from(second)];
                    // SAFETY: needs a pointer that is no block; it was just asked.
                    unsafe {
                        thread.heap.free(self.heap, thread.token, std::ptr::without_provenance_mut(address))
                    };
                }
            }
            Operation::Collect { second } => {
                // SAFETY: needs the same heap at every call; there is one.
                unsafe { self.threads[usize::from(second)].heap.collect(self.heap) };
            }
            Operation::Exit { second } => self.exit(second),
            Operation::Refuse { pass, refuse } => {
                pages.refuse_nothing();
                pages.refuse_requests(pass.into(), refuse.into());
            }
        }
    }

    fn check(&self) {
        // SAFETY: needs that no other thread uses the heap now; the model runs on one.
        unsafe { self.heap.check() }.unwrap();
        self.threads.iter().for_each(|thread| thread.heap.check().unwrap());
        self.heap.backend().check().unwrap();
    }
}

/// Runs a program, validates at its end, and leaves nothing behind.
pub fn run(operations: &[Operation]) {
    let pages = Box::new(FixturePages::new(MmapPages::new()));
    let backend = SpanBackend::new(&*pages);
    // SAFETY: needs a type for which zero bytes are a value; a map says that of itself.
    let map: Box<SlabMap> = unsafe { Box::new_zeroed().assume_init() };
    // SAFETY: needs a map that is zero and that no other heap uses; it was made for this one.
    let heap = unsafe { Heap::new(&backend, &map) };
    run_on(&heap, &pages, operations);
    assert_eq!(backend.stats().heap_live_bytes, 0, "{:?}", backend.stats());
    // SAFETY: as above.
    unsafe { heap.check() }.unwrap();
    backend.check().unwrap();
    backend.shutdown();
}

fn run_on<'b>(heap: &'b Heap<'b, &'b Pages>, pages: &Pages, operations: &[Operation]) {
    let thread = |number: usize| Thread {
        // SAFETY: needs a number that no other thread heap has; `next_token` begins above both.
        token: unsafe { ThreadToken::new(NonZeroUsize::new(number).unwrap()) },
        heap: ThreadHeap::new(),
    };
    let threads = [thread(8), thread(16)];
    let mut model =
        Model { heap, threads, blocks: BTreeMap::new(), next_fill: 0, next_token: 16, live_bytes: 0 };
    for (index, &operation) in operations.iter().enumerate() {
        model.step(pages, operation);
        if index % 16 == 0 {
            model.check();
        }
    }
    pages.refuse_nothing();
    model.check();
    for address in model.blocks.keys().copied().collect::<Vec<_>>() {
        model.free(address & 64 != 0, address);
    }
    model.check();
    model.exit(false);
    model.exit(true);
}
