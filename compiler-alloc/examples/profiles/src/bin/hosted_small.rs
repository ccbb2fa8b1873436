//! Profile `hosted-small`: threads that free each other's blocks, then the heap's shutdown.

use compiler_alloc::profile::hosted_small::{self, HostedSmall};
use profile_programs::{exchange, is_leaking, report, take};

static HEAP: HostedSmall = HostedSmall;

fn main() -> std::process::ExitCode {
    exchange(&HEAP);
    if is_leaking() {
        take(&HEAP, 100_000);
    }
    let end = hosted_small::shutdown();
    report("hosted-small", end.live_bytes, end.leak())
}
