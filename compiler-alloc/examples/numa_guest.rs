//! The first process of a guest with two NUMA nodes: asks the builder of `hosted-server` for every placement, and compares with
//! the kernel's own account. `make numa-guest` boots it; elsewhere it says so and ends.
//!
//! One line a claim, then how many hold: `numa-guest: N passed, M failed`.

#[path = "../tests/hosted_server/smaps.rs"]
mod smaps;

use compiler_alloc::fault::FaultCode;
use compiler_alloc::page_source::{HugePages, IfUnavailable, NodeSet, Numa, PlacedPages};
use compiler_alloc::profile::hosted_server::{self, Builder, HostedServer, node_stats_of};
use compiler_alloc::span::SpanBackend;
use rustix::mount::{MountFlags, mount};
use rustix::system::{RebootCommand, reboot};
use rustix::thread::{CpuSet, sched_setaffinity};
use smaps::of_mapping;
use std::fs::{read_to_string, write};

#[global_allocator]
static HEAP: HostedServer = HostedServer;

const MB: usize = 1 << 20;

/// Claims, and how many of them hold.
struct Claims {
    passed: usize,
    failed: usize,
}

impl Claims {
    fn claim(&mut self, what: &str, holds: bool, seen: &dyn std::fmt::Display) {
        println!("numa-guest: {} {what}: {seen}", if holds { "ok  " } else { "FAIL" });
        if holds {
            self.passed += 1;
        } else {
            self.failed += 1;
        }
    }
}

fn main() {
    if std::process::id() != 1 {
        println!("numa-guest: this is the first process of a guest; run `make numa-guest`");
        return;
    }
    for (what, place) in [("proc", "/proc"), ("sysfs", "/sys")] {
        let _ = std::fs::create_dir(place);
        mount(what, place, what, MountFlags::empty(), None::<&std::ffi::CStr>).expect("the kernel has it");
    }
    let mut claims = Claims { passed: 0, failed: 0 };
    nodes(&mut claims);
    huge_pages(&mut claims);
    whole_process(&mut claims);
    println!("numa-guest: {} passed, {} failed", claims.passed, claims.failed);
    let _ = reboot(RebootCommand::Restart);
}

fn backend(asked: Builder) -> (SpanBackend<PlacedPages>, usize) {
    let (pages, placed) = asked.pages().expect("falls back");
    (SpanBackend::new(pages), placed.faults().count())
}

/// Writes to every page of a new span.
fn touch(backend: &SpanBackend<PlacedPages>, bytes: usize) -> *mut u8 {
    let span = backend.acquire(bytes).expect("the guest has memory");
    // SAFETY: needs that many bytes of ours; the span has them.
    unsafe { span.base.as_ptr().write_bytes(1, bytes) };
    span.base.as_ptr()
}

fn nodes(claims: &mut Claims) {
    let online = read_to_string("/sys/devices/system/node/online").unwrap_or_default();
    claims.claim("the guest has two nodes", online.trim() == "0-1", &online.trim());

    for node in [0, 1] {
        let (backend, faults) = backend(HostedServer::builder().numa(Numa::Bind(NodeSet::of(node))));
        touch(&backend, 4 * MB);
        let bytes = node_stats_of(&backend).expect("the kernel says");
        let holds = faults == 0 && bytes.on(node) >= 4 * MB && bytes.on(1 - node) == 0;
        claims.claim(&format!("memory bound to node {node} lies there"), holds, &bytes);
    }

    let (spread, _) = backend(HostedServer::builder().numa(Numa::Interleave));
    touch(&spread, 4 * MB);
    let bytes = node_stats_of(&spread).expect("the kernel says");
    claims.claim(
        "interleaved memory lies half on each",
        bytes.on(0) == 2 * MB && bytes.on(1) == 2 * MB,
        &bytes,
    );

    for node in [1, 0] {
        let mut processors = CpuSet::new();
        processors.set(node);
        sched_setaffinity(None, &processors).expect("each node has one processor");
        let (local, _) = backend(HostedServer::builder().numa(Numa::Local));
        touch(&local, 4 * MB);
        let bytes = node_stats_of(&local).expect("the kernel says");
        let holds = bytes.on(node) >= 4 * MB && bytes.on(1 - node) == 0;
        claims.claim(&format!("local memory of a thread on node {node} lies there"), holds, &bytes);
    }

    let far = HostedServer::builder().numa(Numa::Bind(NodeSet::of(5)));
    let (_, placed) = far.pages().expect("falls back");
    let fault = placed.numa_fault.map_or(String::new(), |fault| fault.to_string());
    claims.claim(
        "a node that is not there is done without, with a diagnostic",
        fault.contains("ALLOCATOR_NUMA_POLICY"),
        &fault,
    );
    let refusal = far.if_unavailable(IfUnavailable::Fail).pages().err();
    let holds = refusal.is_some_and(|fault| fault.code == FaultCode::NumaPolicy);
    claims.claim(
        "or refused, if that was asked",
        holds,
        &refusal.map_or(String::new(), |fault| fault.to_string()),
    );
}

/// Where the kernel counts huge pages of a node.
fn pool(node: usize, file: &str) -> String {
    format!("/sys/devices/system/node/node{node}/hugepages/hugepages-2048kB/{file}")
}

fn free_huge_pages(node: usize) -> usize {
    read_to_string(pool(node, "free_hugepages")).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}

fn huge_pages(claims: &mut Claims) {
    let on_node_one = |huge| HostedServer::builder().huge_pages(huge).numa(Numa::Bind(NodeSet::of(1)));

    let (transparent, _) = backend(on_node_one(HugePages::Transparent));
    let base = touch(&transparent, 8 * MB);
    let (huge, bytes) =
        (of_mapping(base.addr(), "AnonHugePages:"), node_stats_of(&transparent).expect("the kernel says"));
    let holds = huge >= 8 * MB && bytes.on(1) >= 8 * MB && bytes.on(0) == 0;
    claims.claim(
        "transparent huge pages on node 1",
        holds,
        &format_args!("{huge} bytes on huge pages, {bytes}"),
    );

    let none = HostedServer::builder().huge_pages(HugePages::Explicit2M);
    let (_, placed) = none.pages().expect("falls back");
    let fault = placed.huge_pages_fault.map_or(String::new(), |fault| fault.to_string());
    claims.claim(
        "an empty pool is done without, with a diagnostic",
        fault.contains("ALLOCATOR_HUGEPAGE_POLICY"),
        &fault,
    );
    let refusal = none.if_unavailable(IfUnavailable::Fail).pages().err();
    let holds = refusal.is_some_and(|fault| fault.code == FaultCode::HugepagePolicy);
    claims.claim(
        "or refused, if that was asked",
        holds,
        &refusal.map_or(String::new(), |fault| fault.to_string()),
    );

    write(pool(1, "nr_hugepages"), "8").expect("the kernel has memory on node 1");
    claims.claim("the pool of node 1 has eight huge pages", free_huge_pages(1) == 8, &free_huge_pages(1));
    let (explicit, faults) = backend(on_node_one(HugePages::Explicit2M));
    let base = touch(&explicit, 6 * MB);
    let (page, free) = (of_mapping(base.addr(), "KernelPageSize:"), free_huge_pages(1));
    let bytes = node_stats_of(&explicit).expect("the kernel says");
    let holds = faults == 0 && page == 2 * MB && free == 5 && bytes.on(1) >= 6 * MB && bytes.on(0) == 0;
    claims.claim(
        "explicit huge pages on node 1",
        holds,
        &format_args!("pages of {page} bytes, {free} free, {bytes}"),
    );

    touch(&explicit, 20 * MB);
    let unplaced = explicit.source().unplaced_reservations();
    claims.claim("a pool that is too small is done without, and counted", unplaced == 1, &unplaced);
    let (strict, _) = backend(on_node_one(HugePages::Explicit2M).if_unavailable(IfUnavailable::Fail));
    let refusal = strict.acquire(20 * MB).err();
    let holds = refusal.is_some_and(|fault| fault.code == FaultCode::PageExhaustion);
    claims.claim(
        "or refused, if that was asked",
        holds,
        &refusal.map_or(String::new(), |fault| fault.to_string()),
    );
}

fn whole_process(claims: &mut Claims) {
    let placed = HostedServer::builder().numa(Numa::Bind(NodeSet::of(1))).install();
    let before = hosted_server::node_stats().expect("the kernel says");
    let blocks: Vec<Vec<u8>> = (0..64).map(|_| vec![1; MB / 4]).collect();
    let after = hosted_server::node_stats().expect("the kernel says");
    let holds = placed.is_ok() && after.on(1) >= before.on(1) + 16 * MB && after.on(0) <= before.on(0);
    claims.claim("the heap of the process on node 1", holds, &after);
    drop(blocks);
}
