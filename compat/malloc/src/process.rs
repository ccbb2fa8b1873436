//! What happens when the library comes to a process, and when the process ends.
//!
//! The heap itself needs neither: it serves requests before the first function here ran, and after the last.

use crate::environment::{Profile, Settings};
use crate::statistics;
use compiler_alloc::profile::hosted_server::{self, HostedServer};
use compiler_alloc::profile::standard_error::say;
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
    match settings.profile {
        Profile::HostedSmall => hosted_server::close_transfer_cache(),
        Profile::HostedServer => place(&settings),
    }
    statistics::note_profile(settings.profile);
    STATS_AT_EXIT.store(settings.stats, Ordering::Relaxed);
    LEAKS_AT_EXIT.store(settings.leaks, Ordering::Relaxed);
    if settings.retain_bytes > 0 {
        hosted_server::retain(settings.retain_bytes);
    }
}

/// Asks for huge pages and nodes, and says what is not to be had.
fn place(settings: &Settings) {
    let asked = HostedServer::builder().huge_pages(settings.huge_pages).numa(settings.numa).install();
    if let Ok(placed) = asked {
        placed.faults().for_each(|fault| say(format_args!("compiler-alloc: {fault}; done without")));
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
