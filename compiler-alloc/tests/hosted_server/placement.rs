//! Huge pages and NUMA nodes: what was granted, by the kernel's own account; and what is said when it is not.

use crate::own_process::is_own_process;
use crate::profile::{self, HostedServer};
use crate::smaps::of_mapping;
use compiler_alloc::actor::ActorHeap;
use compiler_alloc::fault::FaultCode;
use compiler_alloc::page_source::{HugePages, IfUnavailable, NodeSet, Numa, PageSource, Placement};
use compiler_alloc::span::SpanBackend;
use std::alloc::Layout;

/// Bytes that the kernel says are on transparent huge pages, of the mapping in which `address` lies.
fn huge_bytes_at(address: usize) -> usize {
    of_mapping(address, "AnonHugePages:")
}

fn huge_pages_are_allowed() -> bool {
    let policy = std::fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled").unwrap_or_default();
    policy.contains("[always]") || policy.contains("[madvise]")
}

#[test]
fn nothing_is_placed_unless_it_is_asked() {
    if !is_own_process("placement::nothing_is_placed_unless_it_is_asked") {
        return;
    }
    let block = vec![1_u8; 16 << 20];
    assert_eq!(huge_bytes_at(block.as_ptr().addr()), 0);
    assert_eq!(profile::backend().source().placement(), Placement::OFF);
}

#[test]
fn transparent_huge_pages_are_there_by_the_kernels_account() {
    if !is_own_process("placement::transparent_huge_pages_are_there_by_the_kernels_account") {
        return;
    }
    let asked = HostedServer::builder().huge_pages(HugePages::Transparent);
    let placed = asked.install().unwrap();
    if !huge_pages_are_allowed() {
        assert_eq!(placed.huge_pages_fault.unwrap().code, FaultCode::HugepagePolicy);
        assert_eq!(placed.placement.huge_pages, HugePages::Off);
        return;
    }
    assert_eq!(placed.faults().count(), 0);
    let block = vec![1_u8; 32 << 20];
    let huge = huge_bytes_at(block.as_ptr().addr());
    assert!(huge >= 16 << 20, "{huge} of 32 MiB are on huge pages");
}

#[test]
fn what_the_system_does_not_have_is_done_without_or_refused_as_asked() {
    // No machine has node 63.
    let far = Numa::Bind(NodeSet::of(63));
    let (pages, placed) = HostedServer::builder().numa(far).pages().unwrap();
    assert_eq!(placed.placement, Placement::OFF);
    assert_eq!(placed.numa_fault.unwrap().code, FaultCode::NumaPolicy);
    let base = pages.reserve(2 << 20, 2 << 20).unwrap();
    // SAFETY: exactly the reservation above, unused.
    unsafe { pages.release(base, 2 << 20) };
    let fault = HostedServer::builder().numa(far).if_unavailable(IfUnavailable::Fail).pages().unwrap_err();
    assert_eq!(fault.code, FaultCode::NumaPolicy);
    let nowhere = Numa::Bind(NodeSet::default());
    assert!(HostedServer::builder().numa(nowhere).if_unavailable(IfUnavailable::Fail).pages().is_err());
}

#[test]
fn explicit_huge_pages_are_given_or_said_not_to_be_there() {
    let free = std::fs::read_to_string("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages");
    let free: usize = free.ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    let asked = HostedServer::builder().huge_pages(HugePages::Explicit2M);
    let (pages, placed) = asked.pages().unwrap();
    if free == 0 {
        let fault = placed.huge_pages_fault.unwrap();
        assert_eq!(fault.code, FaultCode::HugepagePolicy);
        assert!(asked.if_unavailable(IfUnavailable::Fail).pages().is_err());
    }
    let backend = SpanBackend::new(pages);
    let span = backend.acquire(3 << 20).unwrap();
    // SAFETY: needs that many bytes of ours; the span has them.
    unsafe { span.base.as_ptr().write_bytes(1, span.bytes) };
    // SAFETY: acquired above, not used again.
    unsafe { backend.release(span) };
    assert!(backend.shutdown().leak().is_none());
}

#[test]
fn an_actor_on_this_backend_is_locked_by_the_kernels_account_if_it_says_so() {
    let layout = Layout::new::<[u8; 4096]>();
    let declared = ActorHeap::builder(profile::backend()).quota(layout, 100);
    let heap = declared.best_effort_locking().seal().unwrap();
    let block = heap.try_allocate(layout).unwrap();
    let locked = of_mapping(block.as_ptr().addr(), "Locked:");
    assert_eq!(heap.is_locked(), locked >= 100 * 4096, "{locked} bytes are locked");
    // SAFETY: handed out above for this layout, given back once.
    unsafe { heap.deallocate(block, layout) };
    assert!(heap.shutdown().is_released);
}

#[test]
fn the_nodes_of_all_memory_are_told() {
    if !is_own_process("placement::the_nodes_of_all_memory_are_told") {
        return;
    }
    // Where the kernel knows no nodes, it is done without.
    let placed = HostedServer::builder().numa(Numa::Interleave).install().unwrap();
    let block = vec![1_u8; 8 << 20];
    let nodes = profile::node_stats();
    if placed.numa_fault.is_some() {
        return;
    }
    let nodes = nodes.unwrap();
    let resident: usize = nodes.nodes().map(|(_, bytes)| bytes).sum();
    let reserved = profile::stats().reserved_bytes;
    assert!(resident >= 8 << 20, "{nodes}");
    assert_eq!(resident + nodes.absent_bytes, reserved, "{nodes}");
    drop(block);
}
