//! Profile `realtime` has no method that asks for huge pages.
use compiler_alloc::profile::realtime::Realtime;

fn main() {
    let _ = Realtime::builder().huge_pages();
}
