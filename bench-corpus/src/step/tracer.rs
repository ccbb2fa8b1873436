//! Follows a probe program instruction by instruction with `ptrace`.
//!
//! The program raises a breakpoint trap before each measured call. The instruction after the trap is the call itself, so the tracer
//! steps over it, records until the instruction after the call is reached, and lets the program run on to its next trap.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::ptr;

use super::decode::{Decoded, INSTRUCTION_BYTES_MAX, decode};
use super::subjects::ProbeProgram;
use super::symbols::Symbols;
use super::trace::Step;

/// Instructions after which a call is given up: far more than any case executes.
const STEPS_MAX: usize = 2_000_000;

/// Exit code by which the probe program says that the subject does not offer the case.
const NOT_OFFERED: i32 = 3;

/// What following a probe gave.
#[derive(Debug)]
pub struct Followed {
    /// The steps of each measured call.
    pub calls: Vec<Vec<Step>>,
    /// The linker's name of the probe function.
    pub probe_symbol: String,
}

/// Runs `program` on its library with `arguments` and follows its measured calls. `None` when it says that it does not offer what was asked.
///
/// # Errors
/// When the program cannot be started or traced, dies, or executes what cannot be decoded.
pub fn follow(program: &ProbeProgram, arguments: &[&str]) -> Result<Option<Followed>, String> {
    let mut command = Command::new(&program.path);
    command.args(arguments).env_clear().env("LD_BIND_NOW", "1").stdin(Stdio::null()).stdout(Stdio::null());
    if let Some(library) = &program.library {
        command.env("LD_PRELOAD", library);
    }
    // SAFETY: the closure must only do what is allowed between fork and exec. It makes two system calls and allocates nothing.
    unsafe { command.pre_exec(ask_to_be_traced) };
    let child = command.spawn().map_err(|error| format!("{}: {error}", program.path.display()))?;
    let mut tracee = Tracee { pid: child.id() as libc::pid_t, ended: false };
    let outcome = tracee.run(program);
    if !tracee.ended {
        tracee.kill();
    }
    outcome
}

/// Runs in the child before the program: fixed addresses, so that alignment-dependent paths repeat, and tracing by the parent.
fn ask_to_be_traced() -> io::Result<()> {
    // SAFETY: any argument is allowed; this one only turns address randomisation off for this process. Failure is harmless.
    unsafe { libc::personality(libc::ADDR_NO_RANDOMIZE as libc::c_ulong) };
    // SAFETY: TRACEME takes no pointers; the other arguments are ignored.
    let result =
        unsafe { libc::ptrace(libc::PTRACE_TRACEME, 0, ptr::null_mut::<u8>(), ptr::null_mut::<u8>()) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Why a traced program stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    Trap,
    Signal(i32),
    Exited(i32),
    Killed(i32),
}

struct Tracee {
    pid: libc::pid_t,
    ended: bool,
}

impl Tracee {
    fn run(&mut self, program: &ProbeProgram) -> Result<Option<Followed>, String> {
        match self.wait()? {
            Stop::Trap => {}
            other => return Err(format!("the probe did not start: {other:?}")),
        }
        self.request(libc::PTRACE_SETOPTIONS, libc::PTRACE_O_EXITKILL as usize)?;
        let mut followed = Followed { calls: Vec::new(), probe_symbol: String::new() };
        let mut code: Option<Code> = None;
        let mut signal = 0;
        loop {
            self.request(libc::PTRACE_CONT, signal as usize)?;
            signal = 0;
            match self.wait()? {
                Stop::Exited(0) => return Ok(Some(followed)),
                Stop::Exited(NOT_OFFERED) => return Ok(None),
                Stop::Exited(other) => return Err(format!("the probe ended with exit code {other}")),
                Stop::Killed(by) => return Err(format!("the probe was ended by signal {by}")),
                Stop::Signal(number) => signal = number,
                Stop::Trap => {
                    if code.is_none() {
                        code = Some(Code::of(self.pid, program)?);
                    }
                    let code = code.as_mut().expect("set above");
                    let steps = self.follow_call(code)?;
                    if followed.probe_symbol.is_empty() {
                        followed.probe_symbol = code.last_entry.clone();
                    }
                    followed.calls.push(steps);
                }
            }
        }
    }

    /// Steps from the call instruction after the marker to the instruction after that call.
    fn follow_call(&mut self, code: &mut Code) -> Result<Vec<Step>, String> {
        let call = self.instruction_pointer()?;
        let decoded = code.at(call)?;
        if decoded.counts.calls != 1 {
            return Err(format!("no call follows the marker but `{}`", decoded.text));
        }
        let end = call + decoded.len;
        self.step()?;
        let mut here = self.instruction_pointer()?;
        code.last_entry = code.symbols.mangled(here).unwrap_or("").to_owned();
        let mut steps = Vec::new();
        while here != end {
            if steps.len() == STEPS_MAX {
                return Err(format!("the call did not end within {STEPS_MAX} instructions"));
            }
            let decoded = code.at(here)?.clone();
            self.step()?;
            let next = self.instruction_pointer()?;
            steps.push(Step {
                function: decoded.place.function,
                offset: decoded.place.offset,
                bytes: decoded.bytes,
                mnemonic: decoded.mnemonic,
                text: decoded.text,
                taken: decoded.counts.conditional_branches == 1 && next != here + decoded.len,
                counts: decoded.counts,
            });
            here = next;
        }
        Ok(steps)
    }

    fn step(&mut self) -> Result<(), String> {
        self.request(libc::PTRACE_SINGLESTEP, 0)?;
        match self.wait()? {
            Stop::Trap => Ok(()),
            other => Err(format!("the measured call was interrupted: {other:?}")),
        }
    }

    fn instruction_pointer(&self) -> Result<u64, String> {
        // SAFETY: must be a valid value of a structure of integers. All zeroes is one.
        let mut registers: libc::user_regs_struct = unsafe { std::mem::zeroed() };
        // SAFETY: GETREGS writes one user_regs_struct to the last argument, which is one of ours.
        let result = unsafe {
            libc::ptrace(libc::PTRACE_GETREGS, self.pid, ptr::null_mut::<u8>(), &raw mut registers)
        };
        if result == 0 {
            Ok(registers.rip)
        } else {
            Err(format!("registers: {}", io::Error::last_os_error()))
        }
    }

    /// A request whose data is a number.
    fn request(&self, request: libc::c_uint, data: usize) -> Result<(), String> {
        // SAFETY: the requests passed here (SETOPTIONS, CONT, SINGLESTEP) take a number as data and no address.
        let result = unsafe { libc::ptrace(request, self.pid, ptr::null_mut::<u8>(), data) };
        if result == 0 {
            Ok(())
        } else {
            Err(format!("ptrace request {request}: {}", io::Error::last_os_error()))
        }
    }

    fn wait(&mut self) -> Result<Stop, String> {
        let mut status = 0;
        // SAFETY: waitpid writes one int to the given place, which is ours.
        let result = unsafe { libc::waitpid(self.pid, &raw mut status, 0) };
        if result != self.pid {
            return Err(format!("waiting for the probe: {}", io::Error::last_os_error()));
        }
        let stop = if libc::WIFEXITED(status) {
            Stop::Exited(libc::WEXITSTATUS(status))
        } else if libc::WIFSIGNALED(status) {
            Stop::Killed(libc::WTERMSIG(status))
        } else if libc::WSTOPSIG(status) == libc::SIGTRAP {
            Stop::Trap
        } else {
            Stop::Signal(libc::WSTOPSIG(status))
        };
        self.ended = matches!(stop, Stop::Exited(_) | Stop::Killed(_));
        Ok(stop)
    }

    fn kill(&mut self) {
        // SAFETY: kill takes two numbers. The process is our own child and has not been waited for to its end.
        unsafe { libc::kill(self.pid, libc::SIGKILL) };
        while !self.ended && self.wait().is_ok() {}
    }
}

/// The decoded code of a traced process.
struct Code {
    memory: File,
    symbols: Symbols,
    decoded: HashMap<u64, Decoded>,
    last_entry: String,
}

impl Code {
    fn of(pid: libc::pid_t, program: &ProbeProgram) -> Result<Self, String> {
        let memory = File::open(format!("/proc/{pid}/mem"))
            .map_err(|error| format!("memory of the probe: {error}"))?;
        let symbols = Symbols::of_process(&program.path, program.library.as_deref(), pid)?;
        Ok(Self { memory, symbols, decoded: HashMap::new(), last_entry: String::new() })
    }

    fn at(&mut self, address: u64) -> Result<&Decoded, String> {
        if !self.decoded.contains_key(&address) {
            let mut bytes = [0; INSTRUCTION_BYTES_MAX];
            // Short at the end of a mapping: the decoder refuses if that cut an instruction.
            let len = self.memory.read_at(&mut bytes, address).map_err(|error| format!("code: {error}"))?;
            let decoded = decode(&bytes[..len], address, &self.symbols)?;
            self.decoded.insert(address, decoded);
        }
        Ok(&self.decoded[&address])
    }
}
