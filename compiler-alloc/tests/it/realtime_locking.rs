//! What the system says of an actor's memory: locked, populated, or refused by its limit.

use crate::own_process::is_own_process;
use compiler_alloc::fault::{FactName, FaultCode};
use compiler_alloc::profile::{compiler_internal, realtime::Realtime};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CapabilitySet, capabilities, set_capabilities};
use std::alloc::Layout;

/// A number of kilobytes from `/proc/self/status`.
fn status_kib(name: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn sealing_locks_and_populates_all_of_the_span_and_the_end_unlocks_it() {
    if !is_own_process("realtime_locking::sealing_locks_and_populates_all_of_the_span_and_the_end_unlocks_it")
    {
        return;
    }
    let before = status_kib("VmLck:");
    let resident = status_kib("VmRSS:");
    let declared = Realtime::builder().quota(Layout::new::<[u8; 4096]>(), 200).capacity(1 << 20);
    let heap = declared.best_effort_locking().seal().unwrap();
    if heap.is_locked() {
        assert_eq!(status_kib("VmLck:") - before, heap.reserved_bytes() >> 10);
    }
    // A little less: other memory of the process may shrink meanwhile.
    assert!(status_kib("VmRSS:") - resident >= (heap.reserved_bytes() >> 10) * 95 / 100);
    assert!(heap.shutdown().is_released);
    assert_eq!(status_kib("VmLck:"), before);
    assert_eq!(compiler_internal::shutdown().live_bytes, 0);
}

#[test]
fn a_limit_on_locked_memory_is_named_with_the_bytes_needed() {
    if !is_own_process("realtime_locking::a_limit_on_locked_memory_is_named_with_the_bytes_needed") {
        return;
    }
    const LIMIT: u64 = 128 << 10;
    // Who may lock without limit gives that right up first.
    let mut own = capabilities(None).unwrap();
    own.effective.remove(CapabilitySet::IPC_LOCK);
    set_capabilities(None, own).unwrap();
    let maximum = getrlimit(Resource::Memlock).maximum;
    setrlimit(Resource::Memlock, Rlimit { current: Some(LIMIT), maximum }).unwrap();

    let declared = Realtime::builder().quota(Layout::new::<[u8; 1000]>(), 1000);
    let fault = declared.seal().unwrap_err();
    assert_eq!(fault.code, FaultCode::PageExhaustion);
    assert!(fault.subject.contains("RLIMIT_MEMLOCK"), "{fault}");
    assert!(fault.fact(FactName::Asked) >= Some(1_000_000), "{fault}");
    assert_eq!(fault.fact(FactName::Limit), Some(LIMIT));
    assert!(fault.fact(FactName::OsError).is_some_and(|number| number != 0), "{fault}");
    assert_eq!((status_kib("VmLck:"), compiler_internal::stats().live_bytes()), (0, 0), "nothing is kept");

    let heap = declared.best_effort_locking().seal().unwrap();
    assert!(!heap.is_locked());
    assert_eq!(*heap.alloc([7_u8; 1000]), [7; 1000]);
    // What fits the limit is locked.
    let small = Realtime::builder().quota(Layout::new::<u64>(), 100).seal().unwrap();
    assert!(small.is_locked() && small.reserved_bytes() <= LIMIT as usize);
}
