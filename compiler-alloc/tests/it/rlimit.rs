//! A limit on address space: nearly all that is left can be used, and used again.

use crate::own_process::is_own_process;
use compiler_alloc::fault::FaultCode;
use compiler_alloc::profile::compiler_internal;
use compiler_alloc::span::{Holder, Part, Span};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

const LIMIT_BYTES: usize = 512 << 20;

/// Address space of the process now, as the limit counts it.
fn address_space_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split_whitespace().next().unwrap().parse().unwrap();
    pages * rustix::param::page_size()
}

fn all_spans(held: &mut Vec<Span>) -> usize {
    compiler_internal::with_cache(|cache| {
        loop {
            match cache.acquire(1) {
                Ok(span) => held.push(span),
                Err(fault) => {
                    assert_eq!(fault.code, FaultCode::PageExhaustion);
                    break;
                }
            }
        }
    });
    held.iter().map(|span| span.bytes).sum()
}

fn all_parts(held: &mut Vec<Part>) -> usize {
    compiler_internal::with_cache(|cache| {
        loop {
            match cache.take(5000, 5000, Holder::Arena) {
                Ok(part) => held.push(part),
                Err(fault) => {
                    assert_eq!(fault.code, FaultCode::PageExhaustion);
                    break;
                }
            }
        }
    });
    held.iter().map(|part| part.bytes).sum()
}

#[test]
fn ninety_five_percent_of_a_limited_address_space_are_usable_twice() {
    if !is_own_process("rlimit::ninety_five_percent_of_a_limited_address_space_are_usable_twice") {
        return;
    }
    let (mut spans, mut parts) = (Vec::with_capacity(10_000), Vec::with_capacity(120_000));
    let maximum = getrlimit(Resource::As).maximum;
    setrlimit(Resource::As, Rlimit { current: Some(LIMIT_BYTES as u64), maximum }).unwrap();
    let left = LIMIT_BYTES - address_space_bytes();
    let mut first = 0;
    for round in 0..3 {
        let got = all_spans(&mut spans);
        assert!(got * 100 >= left * 95, "round {round}: {got} of {left} bytes");
        first = if round == 0 { got } else { first };
        // Addresses that went back come again elsewhere, and their units need records: one part in a thousand.
        assert!(got + got / 1000 >= first, "round {round}: {got} bytes, {first} at first");
        compiler_internal::check().unwrap();
        for span in spans.drain(..) {
            // SAFETY: acquired above, released once.
            compiler_internal::with_cache(|cache| unsafe { cache.release_span(span) });
        }
        let got = all_parts(&mut parts);
        assert!(got * 100 >= left * 95, "round {round}: parts of {got} of {left} bytes");
        compiler_internal::check().unwrap();
        for part in parts.drain(..) {
            // SAFETY: taken above, released once.
            compiler_internal::with_cache(|cache| unsafe { cache.release(part, Holder::Arena) });
        }
        compiler_internal::with_cache(|cache| cache.flush());
        compiler_internal::check().unwrap();
    }
    assert_eq!(compiler_internal::shutdown().record_bytes, 0);
    assert!(LIMIT_BYTES - address_space_bytes() >= left, "address space came back");
}
