//! What a program that does little costs, by default nothing: resident memory, page faults and system calls since its start.
//!
//! The program is followed with `ptrace` from one system call to the next, because the kernel's account of a small child starts with
//! the memory of its parent, and because the memory must be read while it still exists.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::ptr;

use super::process_account;

/// What starting and ending cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StartUp {
    /// Highest resident memory.
    pub peak_resident_bytes: u64,
    /// Page faults served without reading a file, after the program was loaded by the kernel.
    pub faults: u64,
    /// System calls.
    pub system_calls: u64,
    /// Highest resident memory that no file is behind: the highest there was at a system call, before which memory only grows.
    pub peak_anonymous_bytes: u64,
}

/// Runs `program` without arguments to its end and follows it.
///
/// # Errors
/// When it cannot be started or traced, or does not exit with code 0.
pub fn measure(program: &Path, environment: &[(&str, &str)]) -> Result<StartUp, String> {
    let mut command = Command::new(program);
    command.env_clear().envs(environment.iter().copied());
    measure_command(command)
}

/// Runs `command` to its end and follows it. It must have one thread.
///
/// # Errors
/// When it cannot be started or traced, or does not exit with code 0.
pub fn measure_command(mut command: Command) -> Result<StartUp, String> {
    let program = Path::new(command.get_program()).to_owned();
    command.stdin(Stdio::null()).stdout(Stdio::null());
    // SAFETY: the closure must only do what is allowed between fork and exec. It makes one system call and allocates nothing.
    unsafe { command.pre_exec(ask_to_be_traced) };
    let child = command.spawn().map_err(|error| format!("{}: {error}", program.display()))?;
    let pid = child.id() as libc::pid_t;
    follow(pid).inspect_err(|_| {
        // SAFETY: kill takes no pointers; the child is ours and was not waited for to its end.
        unsafe { libc::kill(pid, libc::SIGKILL) };
    })
}

fn ask_to_be_traced() -> io::Result<()> {
    // SAFETY: TRACEME takes no pointers; the other arguments are ignored.
    let result =
        unsafe { libc::ptrace(libc::PTRACE_TRACEME, 0, ptr::null_mut::<u8>(), ptr::null_mut::<u8>()) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// A stop at a system call, as `PTRACE_O_TRACESYSGOOD` marks it.
const AT_SYSTEM_CALL: i32 = libc::SIGTRAP | 0x80;
/// A stop just before the end, while the memory still exists.
const AT_EXIT: i32 = libc::SIGTRAP | (libc::PTRACE_EVENT_EXIT << 8);

fn follow(pid: libc::pid_t) -> Result<StartUp, String> {
    wait(pid)?;
    let options = libc::PTRACE_O_TRACESYSGOOD | libc::PTRACE_O_TRACEEXIT | libc::PTRACE_O_EXITKILL;
    request(pid, libc::PTRACE_SETOPTIONS, options as usize)?;
    let faults_at_start = faults(pid)?;
    let mut stops = 0;
    let mut at_exit = None;
    let mut peak_anonymous_bytes = 0;
    let mut signal = 0;
    loop {
        request(pid, libc::PTRACE_SYSCALL, signal as usize)?;
        signal = 0;
        let status = wait(pid)?;
        if libc::WIFEXITED(status) {
            let code = libc::WEXITSTATUS(status);
            let (peak_resident_bytes, faults) =
                at_exit.filter(|_| code == 0).ok_or_else(|| format!("the program ended with code {code}"))?;
            // A system call stops twice; the last one, exit, only once.
            let system_calls = u64::div_ceil(stops, 2);
            let faults = faults - faults_at_start;
            return Ok(StartUp { peak_resident_bytes, faults, system_calls, peak_anonymous_bytes });
        }
        if !libc::WIFSTOPPED(status) {
            return Err(format!("the program ended with wait status {status:#x}"));
        }
        match status >> 8 {
            AT_SYSTEM_CALL => {
                stops += 1;
                peak_anonymous_bytes = peak_anonymous_bytes.max(anonymous(pid)?);
            }
            AT_EXIT => {
                peak_anonymous_bytes = peak_anonymous_bytes.max(anonymous(pid)?);
                at_exit = Some((peak(pid)?, faults(pid)?));
            }
            other => signal = other & 0x7f,
        }
    }
}

fn wait(pid: libc::pid_t) -> Result<libc::c_int, String> {
    let mut status = 0;
    // SAFETY: waitpid writes one int to the given place, which is ours.
    let result = unsafe { libc::waitpid(pid, &raw mut status, 0) };
    if result == pid { Ok(status) } else { Err(format!("waitpid: {}", io::Error::last_os_error())) }
}

fn request(pid: libc::pid_t, request: libc::c_uint, data: usize) -> Result<(), String> {
    // SAFETY: these requests take a number, not a pointer, as data, and act only on our own stopped child.
    let result = unsafe { libc::ptrace(request, pid, ptr::null_mut::<u8>(), data) };
    if result >= 0 { Ok(()) } else { Err(format!("ptrace: {}", io::Error::last_os_error())) }
}

fn peak(pid: libc::pid_t) -> Result<u64, String> {
    process_account::bytes(pid, "status", "VmHWM")
}

/// Exact, which the counter in `status` is not.
fn anonymous(pid: libc::pid_t) -> Result<u64, String> {
    process_account::bytes(pid, "smaps_rollup", "Anonymous")
}

fn faults(pid: libc::pid_t) -> Result<u64, String> {
    // The tenth field; the second is the name in parentheses, which may hold spaces.
    let stat = process_account::read(pid, "stat")?;
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let field = after_name.split_ascii_whitespace().nth(7).and_then(|field| field.parse().ok());
    field.ok_or_else(|| "the kernel does not say the page faults".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_program_is_followed_to_its_end() {
        let start_up = measure(Path::new("/bin/true"), &[]).expect("the program runs");
        assert!((200_000..4_000_000).contains(&start_up.peak_resident_bytes), "{start_up:?}");
        assert!((20..500).contains(&start_up.faults), "{start_up:?}");
        assert!((10..200).contains(&start_up.system_calls), "{start_up:?}");
        assert!(
            (20_000..start_up.peak_resident_bytes).contains(&start_up.peak_anonymous_bytes),
            "{start_up:?}"
        );
    }

    #[test]
    fn a_program_that_fails_is_an_error() {
        assert!(measure(Path::new("/bin/false"), &[]).is_err());
        assert!(measure(Path::new("/no/such/program"), &[]).is_err());
    }
}
