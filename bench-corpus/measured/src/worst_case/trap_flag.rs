//! Counts the instructions of single calls in this very process: the processor's trap flag raises a signal after each.
//!
//! Slower than `ptrace` by nothing and faster by two switches of process, so that a million calls can be stepped. What a handler
//! sees besides the number: whether an instruction was executed twice in a call, which is what a loop is, and whether one entered
//! the kernel.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

/// What one call executed, from its first instruction to its return.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stepped {
    /// Instructions. Whether the one behind an instruction that enters the kernel is among them, the processor decides.
    pub instructions: u32,
    /// Instructions that were executed before in the same call: none without a loop, or a function that is called twice.
    pub repeated: u32,
    /// Instructions that enter the kernel.
    pub system_calls: u32,
}

/// Addresses are told apart by their last bits: more than the code of the program has.
const ADDRESS_BITS: u32 = 22;

static CALL: AtomicU32 = AtomicU32::new(0);
static INSTRUCTIONS: AtomicU32 = AtomicU32::new(0);
static REPEATED: AtomicU32 = AtomicU32::new(0);
static SYSTEM_CALLS: AtomicU32 = AtomicU32::new(0);
/// For each address the last call in which its instruction was executed.
static SEEN: [AtomicU32; 1 << ADDRESS_BITS] = [const { AtomicU32::new(0) }; 1 << ADDRESS_BITS];
static IS_READY: AtomicBool = AtomicBool::new(false);
static STEPPER: AtomicUsize = AtomicUsize::new(0);

/// Bytes of [`call_stepped`], at most.
const STEPPER_BYTES: usize = 128;

/// Calls `function` with four integers and counts what it executes.
///
/// # Safety
/// - `function` is the address of an `extern "C"` function that may be called with these integers.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub unsafe fn step(function: *const (), arguments: [usize; 4]) -> (usize, Stepped) {
    if !IS_READY.swap(true, Ordering::Relaxed) {
        STEPPER.store(call_stepped as *const () as usize, Ordering::Relaxed);
        install_handler();
    }
    for count in [&INSTRUCTIONS, &REPEATED, &SYSTEM_CALLS] {
        count.store(0, Ordering::Relaxed);
    }
    CALL.fetch_add(1, Ordering::Relaxed);
    // SAFETY: the caller keeps the duties of the call; the handler is installed.
    let answer = unsafe { call_stepped(function, &arguments) };
    let stepped = Stepped {
        instructions: INSTRUCTIONS.load(Ordering::Relaxed),
        repeated: REPEATED.load(Ordering::Relaxed),
        system_calls: SYSTEM_CALLS.load(Ordering::Relaxed),
    };
    (answer, stepped)
}

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
fn install_handler() {
    // SAFETY: needs a valid value of a structure of integers and pointers. All zeroes is one.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = on_trap as *const () as usize;
    action.sa_flags = libc::SA_SIGINFO;
    // SAFETY: needs a handler of the type that the flags say; it is one, and uses nothing that a signal may not.
    let result = unsafe { libc::sigaction(libc::SIGTRAP, &raw const action, std::ptr::null_mut()) };
    assert_eq!(result, 0, "the system takes a handler for SIGTRAP");
}

/// Runs before each instruction of a stepped call, and a few of the stepper's own.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
extern "C" fn on_trap(_signal: i32, _info: *mut libc::siginfo_t, context: *mut libc::ucontext_t) {
    // SAFETY: needs the context that the system hands to a handler; this is it.
    let registers = unsafe { &(*context).uc_mcontext.gregs };
    let next = registers[libc::REG_RIP as usize] as usize;
    if next.wrapping_sub(STEPPER.load(Ordering::Relaxed)) < STEPPER_BYTES {
        return;
    }
    INSTRUCTIONS.store(INSTRUCTIONS.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    let call = CALL.load(Ordering::Relaxed);
    let before = SEEN[next & ((1 << ADDRESS_BITS) - 1)].swap(call, Ordering::Relaxed);
    REPEATED.store(REPEATED.load(Ordering::Relaxed) + u32::from(before == call), Ordering::Relaxed);
    // SAFETY: needs two readable bytes; the processor is about to execute the instruction there, and no page of code ends with its
    // first byte before unmapped memory.
    let opcode = unsafe { std::ptr::with_exposed_provenance::<[u8; 2]>(next).read_unaligned() };
    let enters = u32::from(opcode == [0x0F, 0x05]);
    SYSTEM_CALLS.store(SYSTEM_CALLS.load(Ordering::Relaxed) + enters, Ordering::Relaxed);
}

/// Loads the arguments, sets the trap flag, calls, and takes the flag away. The flag works from the instruction after the one that
/// sets it on: the call itself, then every instruction of the function, then those that take it away.
///
/// # Safety
/// - As for [`step`]; the handler is installed.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
#[unsafe(naked)]
unsafe extern "C" fn call_stepped(function: *const (), arguments: &[usize; 4]) -> usize {
    std::arch::naked_asm!(
        "push rbx",
        "mov rax, rdi",
        "mov r10, rsi",
        "mov rdi, [r10]",
        "mov rsi, [r10 + 8]",
        "mov rdx, [r10 + 16]",
        "mov rcx, [r10 + 24]",
        "pushfq",
        "or qword ptr [rsp], 0x100",
        "popfq",
        "call rax",
        "pushfq",
        "and qword ptr [rsp], -257",
        "popfq",
        "pop rbx",
        "ret",
    )
}

/// There is no trap flag that we know on this system.
///
/// # Safety
/// - None: it does not call the function.
#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
pub unsafe fn step(_function: *const (), _arguments: [usize; 4]) -> (usize, Stepped) {
    unimplemented!("stepping needs Linux on an x86-64 machine");
}

/// Held by a test that steps: the counts are the process's.
#[cfg(test)]
pub(super) static ONE_TEST: std::sync::Mutex<()> = std::sync::Mutex::new(());

#[cfg(all(test, target_arch = "x86_64", target_os = "linux"))]
mod tests {
    use super::*;

    #[unsafe(naked)]
    extern "C" fn four_instructions(_number: usize) -> usize {
        std::arch::naked_asm!("lea rax, [rdi + 1]", "nop", "nop", "ret")
    }

    #[unsafe(naked)]
    extern "C" fn loops(_turns: usize) -> usize {
        std::arch::naked_asm!("xor eax, eax", "2:", "inc rax", "cmp rax, rdi", "jne 2b", "ret")
    }

    #[unsafe(naked)]
    extern "C" fn asks_the_kernel() -> usize {
        std::arch::naked_asm!("mov eax, 39", "syscall", "ret")
    }

    #[test]
    fn instructions_repetitions_and_system_calls_are_counted_exactly() {
        let _one = ONE_TEST.lock();
        // SAFETY: needs functions of integers; all three are.
        let step = |function: *const (), number| unsafe { step(function, [number, 0, 0, 0]) };
        for _ in 0..3 {
            let plain = Stepped { instructions: 4, repeated: 0, system_calls: 0 };
            assert_eq!(step(four_instructions as *const (), 41), (42, plain));
            let looped = Stepped { instructions: 1 + 3 * 5 + 1, repeated: 3 * 4, system_calls: 0 };
            assert_eq!(step(loops as *const (), 5), (5, looped));
            let (pid, asked) = step(asks_the_kernel as *const (), 0);
            assert_eq!((pid as u32, asked.repeated, asked.system_calls), (std::process::id(), 0, 1));
            assert!((2..=3).contains(&asked.instructions), "{asked:?}");
        }
    }
}
