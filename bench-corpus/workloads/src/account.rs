//! What the kernel and the loader say of this process.

use std::ffi::CStr;
use std::mem::MaybeUninit;

/// Highest resident memory so far.
pub const PEAK_RESIDENT: &str = "VmHWM:";
/// Resident memory now.
pub const RESIDENT: &str = "VmRSS:";
/// Address space now.
pub const ADDRESS_SPACE: &str = "VmSize:";

/// A line of the kernel's account of this process, bytes; 0 where there is none.
pub fn status_bytes(key: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    let kibibytes = line.and_then(|line| line.split_ascii_whitespace().next()?.parse::<usize>().ok());
    kibibytes.unwrap_or(0) * 1024
}

/// The file that this process's `malloc` comes from, by the dynamic loader's word.
pub fn library_of_malloc() -> Option<String> {
    let malloc: unsafe extern "C" fn(libc::size_t) -> *mut libc::c_void = libc::malloc;
    let mut found = MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: the second argument must be writable for one Dl_info: it is a local. The first may be any address.
    let outcome = unsafe { libc::dladdr(malloc as *const libc::c_void, found.as_mut_ptr()) };
    if outcome == 0 {
        return None;
    }
    // SAFETY: every field must be a valid value: pointers, zeroed before dladdr filled them.
    let found = unsafe { found.assume_init() };
    // SAFETY: the name must be a string that stays: dladdr answered, so it is the loader's own name of a library that is never unloaded.
    let name = unsafe { CStr::from_ptr(found.dli_fname) };
    Some(name.to_string_lossy().into_owned())
}
