//! What the heap holds, as a table on standard error.

use compiler_alloc::profile::hosted_small;
use compiler_alloc::profile::standard_error::say;

/// Prints what the process holds, in KiB.
pub fn print_table() {
    let stats = hosted_small::stats();
    say(format_args!("compiler-alloc: hosted-small, KiB"));
    for (name, bytes) in [
        ("live in spans", stats.live_bytes()),
        ("live at most", stats.live_peak_bytes),
        ("idle", stats.idle_bytes()),
        ("committed", stats.committed_bytes),
        ("reserved", stats.reserved_bytes),
        ("records", stats.record_bytes),
        ("purged", stats.purged_bytes),
    ] {
        say(format_args!("  {name:<16}{:>12}", bytes.div_ceil(1024)));
    }
    say(format_args!("  {:<16}{:>12}", "threads", stats.threads));
}
