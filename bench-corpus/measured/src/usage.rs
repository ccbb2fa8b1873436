//! What the kernel says a thread, the process or its children have used: minor page faults, CPU time, resident memory.

use std::time::Duration;

/// Use since the start of a thread or of the process; differences are what is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Page faults that needed no disk.
    pub minor_faults: u64,
    /// CPU time, user and system together.
    pub cpu: Duration,
}

impl Usage {
    /// Of the calling thread. Costs one system call.
    pub fn of_thread() -> Usage {
        Usage::of(libc::RUSAGE_THREAD)
    }

    /// Of the whole process, threads that ended included. Costs one system call.
    pub fn of_process() -> Usage {
        Usage::of(libc::RUSAGE_SELF)
    }

    /// Of the processes that this one started, and that ended. Costs one system call.
    pub fn of_children() -> Usage {
        Usage::of(libc::RUSAGE_CHILDREN)
    }

    fn of(who: libc::c_int) -> Usage {
        let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
        // SAFETY: getrusage writes one `rusage` through its pointer, which must be valid for that write; the local just above is one and
        // nothing else names it until the call returns.
        let answer = unsafe { libc::getrusage(who, usage.as_mut_ptr()) };
        assert_eq!(answer, 0, "getrusage of a thread, the process or its children cannot fail");
        // SAFETY: an `rusage` is integers only, for which all bits zero is a value; `zeroed` made it so, and getrusage wrote integers.
        let usage = unsafe { usage.assume_init() };
        let time = |of: libc::timeval| Duration::new(of.tv_sec as u64, of.tv_usec as u32 * 1000);
        Usage { minor_faults: usage.ru_minflt as u64, cpu: time(usage.ru_utime) + time(usage.ru_stime) }
    }

    /// What was used between `earlier` and this.
    pub fn since(self, earlier: Usage) -> Usage {
        Usage {
            minor_faults: self.minor_faults.saturating_sub(earlier.minor_faults),
            cpu: self.cpu.saturating_sub(earlier.cpu),
        }
    }
}

/// Resident memory of the process, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resident {
    /// Now, anonymous pages only: what allocators answer for.
    pub anonymous: u64,
    /// Now, file mappings included.
    pub now: u64,
    /// The highest `now` so far.
    pub peak: u64,
}

impl Resident {
    /// Reads `/proc/self/status`; zero where the system has none.
    pub fn of_process() -> Resident {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let bytes = |field: &str| status_bytes(&status, field).unwrap_or(0);
        Resident { anonymous: bytes("RssAnon:"), now: bytes("VmRSS:"), peak: bytes("VmHWM:") }
    }
}

/// The value of a `name: 12 kB` line, in bytes.
fn status_bytes(status: &str, field: &str) -> Option<u64> {
    let rest = status.lines().find_map(|line| line.strip_prefix(field))?;
    let kib: u64 = rest.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::own_process::is_own_process;

    #[test]
    fn touching_fresh_memory_shows_as_faults_and_residence() {
        // Beside other tests, one of them may give as much memory back meanwhile.
        if !is_own_process("usage::tests::touching_fresh_memory_shows_as_faults_and_residence") {
            return;
        }
        // So large that no allocator serves it from memory it kept.
        const BYTES: usize = 64 << 20;
        // The process is asked before and after the thread, so that its faults include the thread's.
        let (resident, of_process, before) =
            (Resident::of_process(), Usage::of_process(), Usage::of_thread());
        let touched = std::hint::black_box(vec![1_u8; BYTES]);
        let (used, now) = (Usage::of_thread().since(before), Resident::of_process());
        assert!(used.minor_faults > 0, "{used:?}");
        let of_process = Usage::of_process().since(of_process);
        assert!(of_process.minor_faults >= used.minor_faults, "{of_process:?} less than {used:?}");
        assert!(now.anonymous >= resident.anonymous + BYTES as u64 / 2, "{resident:?} then {now:?}");
        assert!(now.peak >= now.now && now.now >= now.anonymous, "{now:?}");
        drop(touched);
    }

    #[test]
    fn a_status_line_is_read_in_bytes() {
        let status = "Name:\tx\nVmHWM:\t  2048 kB\nVmRSS:\tmany kB\n";
        assert_eq!(status_bytes(status, "VmHWM:"), Some(2 << 20));
        assert_eq!(status_bytes(status, "VmRSS:"), None);
        assert_eq!(status_bytes(status, "RssAnon:"), None);
    }
}
