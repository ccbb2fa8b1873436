//! How a probe is called: between markers for the stepper, or a number of times for callgrind.

use super::ProbeShape;

/// Calls before the first marker: they fill caches, grow chunks and resolve lazy binding.
pub const WARM_CALLS: usize = 64;

/// The integer arguments that a probe may take, the second being its number of turns; it ignores those it does not declare.
pub type Arguments = [usize; 5];

/// What to do with a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Driver {
    /// Warm up, then raise the marker before each measured call. Needs a tracer: the marker is a breakpoint trap.
    Marked,
    /// Call it this often with this many turns and nothing else.
    Counted {
        /// Number of calls.
        calls: usize,
        /// Turns of each call, for the probes that loop.
        turns: u32,
    },
}

impl Driver {
    /// Calls `function` with `arguments`, the second of which it replaces by the number of turns, running `before` before each call.
    ///
    /// # Safety
    /// As for [`drive_with`](Self::drive_with).
    pub unsafe fn drive(
        self,
        function: *const (),
        arguments: Arguments,
        shape: ProbeShape,
        mut before: impl FnMut(),
    ) {
        // SAFETY: the duty of `drive_with` is this function's own.
        unsafe { self.drive_with(function, arguments, shape, |_| before()) };
    }

    /// As [`drive`](Self::drive), with a `before` that may change the arguments of the next call.
    ///
    /// # Safety
    /// `function` is the address of an `extern "C"` function that may be called with these five integers as its leading
    /// integer arguments, for every number of turns of `shape` or of the driver, as often as the driver says, with `before` run
    /// before each call.
    pub unsafe fn drive_with(
        self,
        function: *const (),
        mut arguments: Arguments,
        shape: ProbeShape,
        mut before: impl FnMut(&mut Arguments),
    ) {
        let marked = shape.operations();
        let (calls, turns) = match self {
            Self::Marked => (WARM_CALLS, marked[1]),
            Self::Counted { calls, turns } => (calls, turns),
        };
        arguments[1] = turns as usize;
        for _ in 0..calls {
            before(&mut arguments);
            // SAFETY: the duty of `call_plain` is this function's own.
            unsafe { call_plain(function, &arguments) };
        }
        if self != Self::Marked {
            return;
        }
        for turns in marked {
            arguments[1] = turns as usize;
            before(&mut arguments);
            // SAFETY: the duty of `call_marked` is this function's own; the driver's caller chose to be traced.
            unsafe { call_marked(function, &arguments) };
        }
    }
}

/// Calls a probe.
///
/// # Safety
/// As for [`Driver::drive`].
#[inline(never)]
unsafe fn call_plain(function: *const (), arguments: &Arguments) {
    type Probe = extern "C" fn(usize, usize, usize, usize, usize) -> usize;
    // SAFETY: must be the address of a function that may be called so. The caller's duty; on the C calling convention surplus
    // integer arguments and an unused result are ignored.
    let probe = unsafe { std::mem::transmute::<*const (), Probe>(function) };
    std::hint::black_box(probe(arguments[0], arguments[1], arguments[2], arguments[3], arguments[4]));
}

/// Raises the marker and calls a probe; answers what it does. The instruction after the trap is the call, so the tracer records from the call's target to
/// the instruction after the call, and nothing of the loading of the arguments.
///
/// # Safety
/// As for [`Driver::drive`]; a tracer that continues after a breakpoint trap is attached.
#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn call_marked(function: *const (), arguments: &Arguments) -> usize {
    std::arch::naked_asm!(
        "sub rsp, 8",
        "mov rax, rdi",
        "mov r10, rsi",
        "mov rdi, [r10]",
        "mov rsi, [r10 + 8]",
        "mov rdx, [r10 + 16]",
        "mov rcx, [r10 + 24]",
        "mov r8, [r10 + 32]",
        "int3",
        "call rax",
        "add rsp, 8",
        "ret",
    )
}

/// There is no stepper for this architecture.
///
/// # Safety
/// None: it does not call the probe.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) unsafe fn call_marked(_function: *const (), _arguments: &Arguments) -> usize {
    unimplemented!("stepping needs an x86-64 machine");
}
