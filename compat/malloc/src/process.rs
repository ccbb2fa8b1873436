//! What happens when the library comes to a process, and when the process ends.
//!
//! The heap itself needs neither: it serves requests before the first function here ran, and after the last.

use crate::environment::Settings;
use crate::statistics;
use compiler_alloc::profile::hosted_small;
use core::sync::atomic::{AtomicBool, Ordering};

static STATS_AT_EXIT: AtomicBool = AtomicBool::new(false);
static LEAKS_AT_EXIT: AtomicBool = AtomicBool::new(false);

#[used]
#[unsafe(link_section = ".init_array")]
static COME: extern "C" fn() = come;

#[used]
#[unsafe(link_section = ".fini_array")]
static GO: extern "C" fn() = go;

extern "C" fn come() {
    let settings = Settings::read();
    STATS_AT_EXIT.store(settings.stats, Ordering::Relaxed);
    LEAKS_AT_EXIT.store(settings.leaks, Ordering::Relaxed);
    if settings.retain_bytes > 0 {
        hosted_small::retain(settings.retain_bytes);
    }
}

extern "C" fn go() {
    if STATS_AT_EXIT.load(Ordering::Relaxed) {
        statistics::compiler_alloc_print_stats();
    }
    if LEAKS_AT_EXIT.load(Ordering::Relaxed) {
        statistics::compiler_alloc_print_leaks();
    }
}
