//! Profile `hosted-server`: threads that free each other's blocks through the transfer cache, then the heap's shutdown.

use compiler_alloc::profile::hosted_server::{self, HostedServer};
use profile_programs::{exchange, is_leaking, report, take};

static HEAP: HostedServer = HostedServer;

fn main() -> std::process::ExitCode {
    exchange(&HEAP);
    if is_leaking() {
        take(&HEAP, 100_000);
    }
    let end = hosted_server::shutdown();
    report("hosted-server", end.live_bytes, end.leak())
}
