//! Every diagnostic that the library raises, raised by a real condition and pinned word by word; and the page that explains them.

use compiler_alloc::Arena;
use compiler_alloc::diag::{Diagnostic, check, codes, render};
use compiler_alloc::fault::{Fault, FaultCode};
use compiler_alloc::page_source::{FixedPages, FixturePages, SystemPages};
use compiler_alloc::span::SpanBackend;
use std::mem::MaybeUninit;
use std::path::Path;

const PROFILE: &str = "compiler-internal";

fn backend() -> SpanBackend<FixturePages<SystemPages>> {
    SpanBackend::new(FixturePages::new(SystemPages::new()))
}

/// The facts that the table promises are there, and the text is what the snapshot says.
fn raised(fault: Fault, code: FaultCode) -> String {
    assert_eq!(fault.code, code);
    for fact in codes::entry(code).facts {
        assert!(fault.fact(*fact).is_some(), "{} lacks its fact {}", code.name(), fact.text());
    }
    Diagnostic::new(fault, PROFILE).to_string()
}

#[test]
fn a_refusing_page_source_is_page_exhaustion_and_nothing_changes() {
    let backend = backend();
    backend.source().refuse_requests(0, usize::MAX);
    let fault = backend.acquire(3 << 16).expect_err("every request is refused");
    insta::assert_snapshot!("page_exhaustion", raised(fault, FaultCode::PageExhaustion));
    check::walk(&backend).expect("every structure still holds");
    backend.source().refuse_nothing();
    let span = backend.acquire(3 << 16).expect("memory is back");
    // SAFETY: the span was acquired from this backend on the line above, and nothing refers to its memory.
    unsafe { backend.release(span) };
    check::walk(&backend).expect("every structure still holds");
}

#[test]
fn used_up_fixed_storage_is_exhaustion() {
    let mut storage = vec![MaybeUninit::<u8>::uninit(); 256 << 10];
    let backend = SpanBackend::new(FixedPages::new(&mut storage));
    let fault = backend.acquire(1 << 20).expect_err("a mebibyte does not fit in a quarter of one");
    insta::assert_snapshot!("exhaustion_fixed_storage", raised(fault, FaultCode::Exhaustion));
    check::walk(&backend).expect("every structure still holds");
}

#[test]
fn a_request_beyond_the_limit_of_an_arena_is_exhaustion_and_publishes_nothing() {
    let arena: Arena = Arena::new();
    arena.set_limit(Some(4096));
    let kept = arena.alloc_str("kept");
    let used = arena.used_bytes();
    let fault = arena.try_alloc_slice_fill_with(8192, |_| 0_u8).expect_err("twice the limit");
    insta::assert_snapshot!("exhaustion_arena_limit", raised(fault, FaultCode::Exhaustion));
    assert_eq!((arena.used_bytes(), &*kept), (used, "kept"));
    arena.set_limit(None);
    assert_eq!(arena.alloc_slice_fill_with(8192, |_| 7_u8)[8191], 7);
}

#[test]
fn a_span_that_outlives_shutdown_is_a_leak() {
    let backend = backend();
    let span = backend.acquire(5 << 16).expect("there is memory");
    let fault = backend.shutdown().leak().expect("a span is still held");
    insta::assert_snapshot!("shutdown_leak", raised(fault, FaultCode::ShutdownLeak));
    // SAFETY: the span was acquired from this backend above, and nothing refers to its memory.
    unsafe { backend.release(span) };
    assert!(backend.shutdown().leak().is_none(), "nothing is left");
    assert_eq!(backend.source().reserved_bytes(), backend.source().released_bytes());
}

/// The page source of `hosted-server` and what it is made of; the profile itself only passes on what its builder was told.
const PLACING: [&str; 5] = [
    "page_source/numa.rs",
    "page_source/placed.rs",
    "page_source/placement.rs",
    "page_source/mod.rs",
    "profile/hosted_server",
];

#[test]
fn only_the_page_source_of_hosted_server_asks_for_huge_pages_or_placement() {
    let asking = [
        "HugePages",
        "PlacedPages::new",
        "Advice::LinuxHugepage",
        "MADV_HUGEPAGE",
        "MAP_HUGETLB",
        "HUGETLB",
        "mbind",
        "set_mempolicy",
        "NUMA_BIND",
    ];
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the sources are there") {
            let path = entry.expect("the sources can be listed").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("sources are text");
            files += 1;
            if PLACING.iter().any(|placing| path.to_string_lossy().contains(placing)) {
                continue;
            }
            for word in asking {
                assert!(!text.contains(word), "{} names {word}", path.display());
            }
        }
    }
    assert!(files > 20, "only {files} sources were read");
}

#[test]
fn the_page_of_diagnostics_is_current() {
    let mut page = String::new();
    render::write_page(&mut page).expect("a string takes all");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/diagnostics.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).expect("the page can be written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(committed, page, "run with UPDATE_DOCS=1 and commit docs/diagnostics.md");
}
