//! Copies of functions that count their own instructions: at nearly full speed, so that every one of a million calls is counted exactly.
//!
//! A copy holds every instruction that the function can reach, those of the functions it calls too, decoded by following all branches. Before
//! each *block*, a run of instructions that is entered at its first only, stand five more that add the block's length to a counter and change
//! neither registers nor flags. What is copied is a graph, so that it also answers without any call what no number of calls could: whether the
//! function has a loop, the longest path through it, and whether it can enter the kernel. [`trap_flag`](super::trap_flag) counts the same
//! calls one instruction at a time; tests compare the two.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};

use iced_x86::{
    BlockEncoder, BlockEncoderOptions, Code, Decoder, DecoderOptions, FlowControl, Instruction,
    InstructionBlock, MemoryOperand, Mnemonic, Register,
};

/// A function may reach so many instructions.
const INSTRUCTIONS_MAX: usize = 4096;

/// Bytes of the longest x86 instruction.
const INSTRUCTION_BYTES_MAX: usize = 15;

/// What an instruction of a copy may take at most, the five counting ones before it included.
const COPIED_BYTES_MAX: usize = 64;

static COUNT: AtomicU64 = AtomicU64::new(0);
static SAVED: AtomicU64 = AtomicU64::new(0);

/// A function's copy. It is never unmapped.
#[derive(Debug)]
pub struct Counted {
    entry: NonNull<u8>,
    longest_path: Option<u32>,
    enters_kernel: bool,
}

impl Counted {
    /// Copies `function`, the address of an `extern "C"` function.
    ///
    /// # Errors
    /// When it calls or jumps to an address that only a run knows, or reaches more than 4096 instructions.
    ///
    /// # Safety
    /// - `function` is the address of a function of this program, which is not changed any more.
    pub unsafe fn copy(function: *const ()) -> Result<Self, String> {
        let entry = function as u64;
        // SAFETY: the caller keeps the duties, which are the same.
        let reached = unsafe { reach(entry) }?;
        let graph = Graph::of(entry, &reached)?;
        Ok(Counted {
            entry: encode(entry, &graph, &reached)?,
            longest_path: graph.longest(entry, &mut HashMap::new()),
            enters_kernel: reached.values().any(enters_kernel),
        })
    }

    /// Calls the copy with four integers; answers what the function answers and how many instructions it executed, its return included.
    ///
    /// # Safety
    /// - The function may be called with these integers, on one thread at a time.
    pub unsafe fn call(&self, arguments: [usize; 4]) -> (usize, u32) {
        // SAFETY: needs an address of code with this calling convention; the copy is the function's, whose convention the caller knows.
        let copy = unsafe {
            std::mem::transmute::<NonNull<u8>, extern "C" fn(usize, usize, usize, usize) -> usize>(self.entry)
        };
        let [a, b, c, d] = arguments;
        COUNT.store(0, Ordering::Relaxed);
        let answer = copy(a, b, c, d);
        (answer, COUNT.load(Ordering::Relaxed) as u32)
    }

    /// The most instructions that any call can execute, whatever its arguments and the memory; `None` if the code has a loop.
    ///
    /// A bound, not a count: the longest path may be one that no call takes.
    pub fn longest_path(&self) -> Option<u32> {
        self.longest_path
    }

    /// Whether an instruction that enters the kernel can be reached.
    pub fn enters_kernel(&self) -> bool {
        self.enters_kernel
    }
}

fn enters_kernel(instruction: &Instruction) -> bool {
    matches!(instruction.mnemonic(), Mnemonic::Syscall | Mnemonic::Sysenter | Mnemonic::Int)
}

/// Where control goes after an instruction: to others of the function, and into a function that returns.
struct Flow {
    next: Vec<u64>,
    callee: Option<u64>,
}

fn flow(instruction: &Instruction) -> Result<Flow, String> {
    let (behind, target) = (instruction.next_ip(), instruction.near_branch_target());
    let to = |next: Vec<u64>| Flow { next, callee: None };
    match instruction.flow_control() {
        _ if enters_kernel(instruction) => Ok(to(vec![behind])),
        FlowControl::Next => Ok(to(vec![behind])),
        FlowControl::UnconditionalBranch => Ok(to(vec![target])),
        FlowControl::ConditionalBranch => Ok(to(vec![behind, target])),
        FlowControl::Call => Ok(Flow { next: vec![behind], callee: Some(target) }),
        // A trap ends the program.
        FlowControl::Return | FlowControl::Exception => Ok(to(Vec::new())),
        other => {
            Err(format!("{instruction} at {:#x}: {other:?} leads nowhere that is known", instruction.ip()))
        }
    }
}

/// Every instruction that can be reached from `entry`, by its address.
///
/// # Safety
/// - There is code at `entry`, and it is not changed meanwhile.
unsafe fn reach(entry: u64) -> Result<BTreeMap<u64, Instruction>, String> {
    let mut reached = BTreeMap::new();
    let mut open = vec![entry];
    while let Some(at) = open.pop() {
        if reached.contains_key(&at) {
            continue;
        }
        let place = std::ptr::with_exposed_provenance::<u8>(at as usize);
        // SAFETY: needs so many readable bytes; there is an instruction, and behind the code of a program lies more than one's length.
        let bytes = unsafe { std::slice::from_raw_parts(place, INSTRUCTION_BYTES_MAX) };
        let instruction = Decoder::with_ip(64, bytes, at, DecoderOptions::NONE).decode();
        if instruction.is_invalid() || reached.len() == INSTRUCTIONS_MAX {
            return Err(format!("no instruction at {at:#x}, or more than {INSTRUCTIONS_MAX}"));
        }
        let Flow { next, callee } = flow(&instruction)?;
        open.extend(next.into_iter().chain(callee));
        reached.insert(at, instruction);
    }
    Ok(reached)
}

/// A run of instructions that is entered at its first only.
#[derive(Default)]
struct Block {
    instructions: u32,
    callees: Vec<u64>,
    next: Vec<u64>,
}

/// The blocks by the address of their first instruction.
struct Graph(BTreeMap<u64, Block>);

impl Graph {
    fn of(entry: u64, reached: &BTreeMap<u64, Instruction>) -> Result<Self, String> {
        let mut firsts = BTreeSet::from([entry]);
        for instruction in reached.values() {
            let Flow { next, callee } = flow(instruction)?;
            // Only what is next in memory and nowhere else goes on in the same block.
            if next != [instruction.next_ip()] {
                firsts.extend(next);
            }
            firsts.extend(callee);
        }
        let mut blocks = BTreeMap::new();
        for &first in &firsts {
            let mut block = Block::default();
            let mut at = first;
            loop {
                let instruction = &reached[&at];
                let Flow { next, callee } = flow(instruction)?;
                block.instructions += 1;
                block.callees.extend(callee);
                match next[..] {
                    [only] if only == instruction.next_ip() && !firsts.contains(&only) => at = only,
                    _ => {
                        block.next = next;
                        break;
                    }
                }
            }
            blocks.insert(first, block);
        }
        Ok(Graph(blocks))
    }

    /// Instructions of the longest path from a block to a return; `None` if one meets itself. `known` has the blocks that were begun, without
    /// a number while they are on the path.
    fn longest(&self, first: u64, known: &mut HashMap<u64, Option<u32>>) -> Option<u32> {
        if let Some(&answer) = known.get(&first) {
            return answer;
        }
        known.insert(first, None);
        let block = &self.0[&first];
        let mut sum = block.instructions;
        for &callee in &block.callees {
            sum += self.longest(callee, known)?;
        }
        let mut most = 0;
        for &next in &block.next {
            most = most.max(self.longest(next, known)?);
        }
        known.insert(first, Some(sum + most));
        Some(sum + most)
    }
}

/// Writes the copy into memory that can be executed; answers where it begins.
fn encode(entry: u64, graph: &Graph, reached: &BTreeMap<u64, Instruction>) -> Result<NonNull<u8>, String> {
    let error = |error: iced_x86::IcedError| format!("no copy of the code: {error}");
    let mut copied = Vec::new();
    // Addresses that no code has, for instructions that nothing branches to.
    let mut nowhere = 1_u64 << 62;
    let mut elsewhere = |mut instruction: Instruction| {
        nowhere += 16;
        instruction.set_ip(nowhere);
        instruction
    };
    for (&at, instruction) in reached {
        let Some(block) = graph.0.get(&at) else {
            copied.push(*instruction);
            continue;
        };
        // Branches to the block lead to the first of the counting instructions.
        let counting = count_instructions(block.instructions).map_err(error)?;
        for (place, mut added) in counting.into_iter().enumerate() {
            if place == 0 {
                added.set_ip(at);
            } else {
                added = elsewhere(added);
            }
            copied.push(added);
        }
        copied.push(elsewhere(*instruction));
    }
    let room_bytes = (copied.len() * COPIED_BYTES_MAX).next_multiple_of(PAGE_BYTES);
    let memory = room(room_bytes)?;
    let block = InstructionBlock::new(&copied, memory.as_ptr().addr() as u64);
    let options = BlockEncoderOptions::RETURN_NEW_INSTRUCTION_OFFSETS;
    let encoded = BlockEncoder::encode(64, block, options).map_err(error)?;
    let code = &encoded.code_buffer;
    assert!(code.len() <= room_bytes, "no instruction takes more than was reckoned");
    // SAFETY: needs that many writable bytes that nobody else uses; they were just taken, and compared.
    unsafe { memory.copy_from_nonoverlapping(NonNull::from(&code[..]).cast(), code.len()) };
    // SAFETY: needs pages of ours that nobody writes any more; the copy is complete.
    let result =
        unsafe { libc::mprotect(memory.as_ptr().cast(), room_bytes, libc::PROT_READ | libc::PROT_EXEC) };
    if result != 0 {
        return Err("the system lets no copy be executed".to_owned());
    }
    // Nothing says that the entry lies lowest.
    let entry = copied.iter().position(|copy| copy.ip() == entry).ok_or("the copy has no entry")?;
    let offset = encoded.new_instruction_offsets[entry] as usize;
    // SAFETY: needs an offset inside the copy; the encoder said where the instruction lies.
    Ok(unsafe { memory.add(offset) })
}

/// Bytes of all copies.
const ROOM_BYTES: usize = 1 << 20;

/// Bytes of a page, whose rights are changed together.
const PAGE_BYTES: usize = 4096;

/// Memory for copies: beside the program's own code and data, as distances within instructions are at most 2 GiB.
#[repr(align(4096))]
struct Room([AtomicU8; ROOM_BYTES]);

static ROOM: Room = Room([const { AtomicU8::new(0) }; ROOM_BYTES]);
static ROOM_TAKEN: AtomicUsize = AtomicUsize::new(0);

/// So many bytes, a multiple of pages, that nobody else gets.
fn room(bytes: usize) -> Result<NonNull<u8>, String> {
    let at = ROOM_TAKEN.fetch_add(bytes, Ordering::Relaxed);
    let first = ROOM.0.get(at..at + bytes).and_then(<[AtomicU8]>::first);
    first.and_then(|first| NonNull::new(first.as_ptr())).ok_or_else(|| "no room for another copy".to_owned())
}

/// Five instructions that add to the counter and leave registers, flags and stack as they are.
fn count_instructions(instructions: u32) -> Result<[Instruction; 5], iced_x86::IcedError> {
    let at = |word: &AtomicU64| MemoryOperand::with_base_displ(Register::RIP, word.as_ptr().addr() as i64);
    let sum = MemoryOperand::with_base_displ(Register::RCX, i64::from(instructions));
    Ok([
        Instruction::with2(Code::Mov_rm64_r64, at(&SAVED), Register::RCX)?,
        Instruction::with2(Code::Mov_r64_rm64, Register::RCX, at(&COUNT))?,
        Instruction::with2(Code::Lea_r64_m, Register::RCX, sum)?,
        Instruction::with2(Code::Mov_rm64_r64, at(&COUNT), Register::RCX)?,
        Instruction::with2(Code::Mov_r64_rm64, Register::RCX, at(&SAVED))?,
    ])
}

#[cfg(test)]
mod tests {
    use super::super::trap_flag::{ONE_TEST, step};
    use super::*;

    #[unsafe(naked)]
    extern "C" fn straight(_number: usize) -> usize {
        std::arch::naked_asm!("lea rax, [rdi + 1]", "nop", "nop", "ret")
    }

    #[unsafe(naked)]
    extern "C" fn loops(_turns: usize) -> usize {
        std::arch::naked_asm!("xor eax, eax", "2:", "inc rax", "cmp rax, rdi", "jne 2b", "ret")
    }

    /// Uses memory below the stack, keeps flags over a branch, and has two ways of different length.
    #[unsafe(naked)]
    extern "C" fn two_ways(_number: usize, _other: usize) -> usize {
        std::arch::naked_asm!(
            "mov [rsp - 8], rcx",
            "mov rcx, rsi",
            "cmp rdi, rsi",
            "jz 2f",
            "2:",
            "ja 3f",
            "lea rax, [rcx + 1]",
            "mov rcx, [rsp - 8]",
            "ret",
            "3:",
            "xor eax, eax",
            "ret",
        )
    }

    #[unsafe(naked)]
    extern "C" fn calls(_number: usize) -> usize {
        std::arch::naked_asm!("call {straight}", "mov rdi, rax", "call {straight}", "ret", straight = sym straight)
    }

    #[unsafe(naked)]
    extern "C" fn asks_the_kernel() -> usize {
        std::arch::naked_asm!("mov eax, 39", "syscall", "ret")
    }

    #[unsafe(naked)]
    extern "C" fn jumps_anywhere(_place: usize) -> usize {
        std::arch::naked_asm!("jmp rdi")
    }

    fn copy(function: *const ()) -> Counted {
        // SAFETY: needs functions of this program; the tests pass such.
        unsafe { Counted::copy(function) }.expect("a copy")
    }

    /// What stepping and the copy answer, which must be the same.
    fn both(function: *const (), copied: &Counted, arguments: [usize; 4]) -> (usize, u32) {
        // SAFETY: needs functions of integers; the tests pass such.
        let (answer, stepped) = unsafe { step(function, arguments) };
        // SAFETY: as above. Only one test calls copies.
        let counted = unsafe { copied.call(arguments) };
        assert_eq!(counted, (answer, stepped.instructions));
        counted
    }

    #[test]
    fn a_copy_answers_the_same_and_counts_what_stepping_counts() {
        let _one = ONE_TEST.lock();
        let straight_copy = copy(straight as *const ());
        assert_eq!(both(straight as *const (), &straight_copy, [41, 0, 0, 0]), (42, 4));
        let two = copy(two_ways as *const ());
        assert_eq!(both(two_ways as *const (), &two, [1, 2, 0, 7]), (3, 8));
        assert_eq!(both(two_ways as *const (), &two, [2, 2, 0, 7]), (3, 8));
        assert_eq!(both(two_ways as *const (), &two, [3, 2, 0, 7]), (0, 7));
        let looping = copy(loops as *const ());
        assert_eq!(both(loops as *const (), &looping, [5, 0, 0, 0]), (5, 17));
        let calling = copy(calls as *const ());
        assert_eq!(both(calls as *const (), &calling, [40, 0, 0, 0]), (42, 12));
        let bounds = [&straight_copy, &two, &calling, &looping].map(Counted::longest_path);
        assert_eq!(bounds, [Some(4), Some(8), Some(12), None]);
    }

    #[test]
    fn a_copy_knows_that_its_function_may_enter_the_kernel() {
        assert!(copy(asks_the_kernel as *const ()).enters_kernel());
        assert!(!copy(straight as *const ()).enters_kernel());
    }

    #[test]
    fn what_jumps_to_an_address_that_only_a_run_knows_has_no_copy() {
        // SAFETY: needs a function of this program; it is one.
        let error = unsafe { Counted::copy(jumps_anywhere as *const ()) }.map(drop);
        assert!(error.is_err_and(|error| error.contains("leads nowhere that is known")));
    }
}
