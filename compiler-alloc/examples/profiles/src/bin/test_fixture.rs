//! Profile `test-fixture`: two threads as values that free each other's blocks, then the fixture's end.

use compiler_alloc::fault::FactName;
use compiler_alloc::profile::test_fixture::TestFixture;
use profile_programs::{is_leaking, report};
use std::alloc::Layout;

fn main() -> std::process::ExitCode {
    let fixture = TestFixture::new(1);
    let (mut maker, mut other) = (fixture.thread(), fixture.thread());
    for turn in 0..20_000 {
        let layout = Layout::from_size_align(1 + turn * 97 % 5_000, 16).expect("sizes are small");
        let block = maker.alloc(layout).expect("nothing is refused");
        // SAFETY: needs a block in use that nobody uses again; it was taken above.
        unsafe { other.free(block) };
    }
    if is_leaking() {
        maker.alloc(Layout::new::<[u64; 1_000]>()).expect("nothing is refused");
    }
    drop((maker, other));
    let end = fixture.finish();
    let live_bytes = end.leak.and_then(|fault| fault.fact(FactName::Live)).unwrap_or(0);
    report("test-fixture", live_bytes as usize, end.leak)
}
