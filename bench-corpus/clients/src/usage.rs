//! What the kernel says the process has used.

/// CPU time and page faults since the start of the process, threads that ended included.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// User and system time together.
    pub cpu_us: u64,
    /// Page faults that needed no disk.
    pub faults: u64,
}

impl Usage {
    /// Costs one system call.
    pub fn now() -> Self {
        let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
        // SAFETY: getrusage writes one `rusage` through its pointer, which must be valid for that; the local above is one, and nothing
        // else names it until the call returns.
        let answer = unsafe { libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr()) };
        assert_eq!(answer, 0, "getrusage of the process cannot fail");
        // SAFETY: an `rusage` is integers only, for which all bits zero is a value; `zeroed` made it so, and getrusage wrote integers.
        let usage = unsafe { usage.assume_init() };
        let us = |time: libc::timeval| time.tv_sec as u64 * 1_000_000 + time.tv_usec as u64;
        Self { cpu_us: us(usage.ru_utime) + us(usage.ru_stime), faults: usage.ru_minflt as u64 }
    }
}

/// Resident memory of the process in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Resident {
    /// The highest so far, file mappings included.
    pub peak: u64,
    /// Now, file mappings included.
    pub now: u64,
    /// Now, file mappings alone: the program itself.
    pub of_files: u64,
}

impl Resident {
    /// Reads `/proc/self/status`; zero where the system has none.
    pub fn now() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let bytes = |field: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(field));
            let kib = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
            kib.unwrap_or(0) * 1024
        };
        Self { peak: bytes("VmHWM:"), now: bytes("VmRSS:"), of_files: bytes("RssFile:") }
    }
}
