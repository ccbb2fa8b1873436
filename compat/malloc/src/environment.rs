//! The variables that a program is started with.
//!
//! | variable | allowed | default | meaning |
//! |---|---|---|---|
//! | `COMPILER_ALLOC_PROFILE` | `hosted-small` or `hosted-server` | `hosted-small` | which heap serves the program |
//! | `COMPILER_ALLOC_HUGE_PAGES` | `off`, `transparent` or `explicit2m` | `off` | which pages `hosted-server` asks for |
//! | `COMPILER_ALLOC_NUMA` | `off`, `local`, `interleave` or `bind:N,..` | `off` | on which NUMA nodes `hosted-server` asks for memory |
//! | `COMPILER_ALLOC_STATS` | `0` or `1` | `0` | a table of what the heap holds, at exit |
//! | `COMPILER_ALLOC_LEAKS` | `0` or `1` | `0` | what was not freed, by class, at exit |
//! | `COMPILER_ALLOC_RETAIN_MB` | `0` to `1048576` | `0` | how much idle memory is kept in any case |
//!
//! A value that is not allowed gives one line on standard error, and the default; so do huge pages and nodes that are asked of
//! `hosted-small`, with `ALLOCATOR_HUGEPAGE_POLICY` or `ALLOCATOR_NUMA_POLICY`, or that the system does not have. A program with raised privileges reads
//! none of them.

use compiler_alloc::fault::FaultCode;
use compiler_alloc::page_source::{HugePages, NODES_MAX, NodeSet, Numa};
use compiler_alloc::profile::standard_error::say;
use core::ffi::{CStr, c_char};

unsafe extern "C" {
    /// The variable's text; null if there is none, or if the process has more rights than its user.
    fn secure_getenv(name: *const c_char) -> *const c_char;
}

/// A terabyte.
const RETAIN_MB_MAX: usize = 1 << 20;

/// Which heap serves the program.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Chains of remotely freed blocks go to their owners; no huge pages, no nodes.
    HostedSmall,
    /// With a transfer cache, and placed as asked.
    HostedServer,
}

/// What the variables ask for.
#[derive(Clone, Copy)]
pub struct Settings {
    /// Which heap.
    pub profile: Profile,
    /// Which pages; off, unless the profile may have others.
    pub huge_pages: HugePages,
    /// On which nodes; off, unless the profile may choose.
    pub numa: Numa,
    /// The table at exit.
    pub stats: bool,
    /// The leak report at exit.
    pub leaks: bool,
    /// Idle bytes that are kept in any case.
    pub retain_bytes: usize,
}

impl Settings {
    /// Reads the variables and says which values are not allowed. Needs the C library's environment to be there.
    pub fn read() -> Self {
        let profile = value_of(
            c"COMPILER_ALLOC_PROFILE",
            "hosted-small or hosted-server",
            ("hosted-small", Profile::HostedSmall),
            profile,
        );
        let mut huge_pages = value_of(
            c"COMPILER_ALLOC_HUGE_PAGES",
            "off, transparent or explicit2m",
            ("off", HugePages::Off),
            huge_pages,
        );
        let mut numa =
            value_of(c"COMPILER_ALLOC_NUMA", "off, local, interleave or bind:N,..", ("off", Numa::Off), numa);
        if profile == Profile::HostedSmall {
            if huge_pages != HugePages::Off {
                huge_pages = HugePages::Off;
                say_policy(FaultCode::HugepagePolicy, "COMPILER_ALLOC_HUGE_PAGES");
            }
            if numa != Numa::Off {
                numa = Numa::Off;
                say_policy(FaultCode::NumaPolicy, "COMPILER_ALLOC_NUMA");
            }
        }
        Settings {
            profile,
            huge_pages,
            numa,
            stats: value_of(c"COMPILER_ALLOC_STATS", "0 or 1", ("0", false), flag),
            leaks: value_of(c"COMPILER_ALLOC_LEAKS", "0 or 1", ("0", false), flag),
            retain_bytes: value_of(c"COMPILER_ALLOC_RETAIN_MB", "0 to 1048576", ("0", 0), megabytes) << 20,
        }
    }
}

fn say_policy(code: FaultCode, variable: &str) {
    say(format_args!(
        "compiler-alloc: {}: {variable} is for COMPILER_ALLOC_PROFILE=hosted-server; using off",
        code.name()
    ));
}

fn profile(text: &[u8]) -> Option<Profile> {
    match text {
        b"hosted-small" => Some(Profile::HostedSmall),
        b"hosted-server" => Some(Profile::HostedServer),
        _ => None,
    }
}

fn huge_pages(text: &[u8]) -> Option<HugePages> {
    match text {
        b"off" => Some(HugePages::Off),
        b"transparent" => Some(HugePages::Transparent),
        b"explicit2m" => Some(HugePages::Explicit2M),
        _ => None,
    }
}

fn numa(text: &[u8]) -> Option<Numa> {
    match text {
        b"off" => Some(Numa::Off),
        b"local" => Some(Numa::Local),
        b"interleave" => Some(Numa::Interleave),
        _ => text
            .strip_prefix(b"bind:")?
            .split(|&byte| byte == b',')
            .try_fold(NodeSet::default(), |nodes, number| {
                let is_number = number.first().is_some_and(u8::is_ascii_digit);
                let node: usize = core::str::from_utf8(number).ok().filter(|_| is_number)?.parse().ok()?;
                (node < NODES_MAX).then(|| nodes.and(node))
            })
            .map(Numa::Bind),
    }
}

fn flag(text: &[u8]) -> Option<bool> {
    match text {
        b"0" => Some(false),
        b"1" => Some(true),
        _ => None,
    }
}

fn megabytes(text: &[u8]) -> Option<usize> {
    let number: usize = core::str::from_utf8(text).ok()?.parse().ok()?;
    (text[0].is_ascii_digit() && number <= RETAIN_MB_MAX).then_some(number)
}

/// What `read` makes of the variable's text, or the default, whose spelling is `default_text`.
fn value_of<T>(
    name: &CStr,
    allowed: &str,
    (default_text, default): (&str, T),
    read: impl Fn(&[u8]) -> Option<T>,
) -> T {
    // SAFETY: needs a string that ends in a zero byte; `CStr` is one.
    let text = unsafe { secure_getenv(name.as_ptr()) };
    if text.is_null() {
        return default;
    }
    // SAFETY: needs a string that ends in a zero byte and stays as it is; it belongs to the environment, which nobody
    // changes while the program starts.
    let text = unsafe { CStr::from_ptr(text) }.to_bytes();
    if let Some(value) = read(text) {
        return value;
    }
    let named = name.to_str().unwrap_or_default();
    let shown = core::str::from_utf8(&text[..text.len().min(40)]).unwrap_or("(not text)");
    say(format_args!("compiler-alloc: {named} must be {allowed}, not `{shown}`; using {default_text}"));
    default
}
