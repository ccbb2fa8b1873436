//! One experiment a rule of the page backend: what a run shows of give-back, warm passes, exhaustion and release.

use std::process::Command;

use compiler_alloc::Arena;
use compiler_alloc::arena::{CHUNK_STEP_BYTES, CHUNKED_OBJECT_BYTES_MAX};
use compiler_alloc::config::{self, IDLE_BYTES_MIN};
use compiler_alloc::profile::compiler_internal;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::stress::{Bench, WORKERS_MAX};

/// Bytes of one object of a pass.
const OBJECT_BYTES: usize = 3_000;
/// Objects of a pass: about 12 MB.
const OBJECTS: usize = 4_000;
/// Address space of the limited process.
const LIMIT_BYTES: usize = 512 << 20;

/// The measured value of `rule`, in the unit that the declaration names.
///
/// # Errors
/// When nothing measures it, or its experiment fails.
pub fn measure(rule: &str) -> Result<usize, String> {
    match rule {
        "exhaustion.refused-bytes-published" => refused_bytes_published(),
        "exhaustion.usable-percent-under-limit" => in_a_process_of_its_own(rule, super::COMPILER_INTERNAL),
        "geometry.arena-granule" => Ok(arena_granule()),
        "release-cleanup.idle-bytes-after-trim" => idle_after_trim(0),
        "release-cleanup.idle-bytes-after-trim-to-the-minimum" => idle_after_trim(IDLE_BYTES_MIN),
        "release-cleanup.leak-bytes-after-shutdown" => leak_after_shutdown(),
        "transfer-refill.warm-pass-cold-spans" => warm_pass(|before, after| {
            (after.acquires - after.warm_acquires) - (before.acquires - before.warm_acquires)
        }),
        "transfer-refill.warm-pass-reservations" => {
            warm_pass(|before, after| after.reservations - before.reservations)
        }
        _ => constant(rule).ok_or_else(|| format!("nothing measures the rule {rule}")),
    }
}

/// A constant of the library, asked of the process's backend where it says it, else of the configuration.
fn constant(rule: &str) -> Option<usize> {
    if let Some(step) = rule.strip_prefix("span-allocation.chunk-step-") {
        return CHUNK_STEP_BYTES.get(step.parse::<usize>().ok()?.checked_sub(1)?).copied();
    }
    let geometry = compiler_internal::backend().geometry();
    Some(match rule {
        "transfer-refill.span-cache-capacity" => config::CACHE_BYTES_MAX,
        "central-cache.idle-bytes-min" => IDLE_BYTES_MIN,
        "span-allocation.own-run-bytes-min" => config::OWN_RUN_BYTES_MIN,
        "geometry.page-bytes" => geometry.page_bytes,
        "geometry.region-bytes" => geometry.region_bytes,
        "span-allocation.reserve-bytes-max" => geometry.reserve_bytes_max,
        "span-allocation.largest-chunked-object" => CHUNKED_OBJECT_BYTES_MAX,
        "span-allocation.tail-bytes-max" => config::TAIL_BYTES_MAX,
        "geometry.unit-bytes" => geometry.unit_bytes,
        _ => return None,
    })
}

/// What one more byte costs at most in an arena with the default alignment.
fn arena_granule() -> usize {
    let bench = Bench::new();
    let arena: Arena = Arena::new_in(bench.memory());
    arena.alloc(1_u8);
    let used = arena.used_bytes();
    arena.alloc(1_u8);
    arena.used_bytes() - used
}

/// Fills an arena as a pass does, and drops it.
fn pass(bench: &Bench) {
    let arena: Arena = Arena::new_in(bench.memory());
    for index in 0..OBJECTS {
        arena.alloc_slice_fill_with(OBJECT_BYTES, |_| index as u8);
    }
}

/// What the second of two equal passes adds to a count.
fn warm_pass(
    count: impl Fn(&compiler_alloc::span::SpanStats, &compiler_alloc::span::SpanStats) -> usize,
) -> Result<usize, String> {
    let mut bench = Bench::new();
    pass(&bench);
    let before = bench.backend.stats();
    pass(&bench);
    let after = bench.backend.stats();
    bench.shut_down_clean()?;
    Ok(count(&before, &after))
}

/// Idle bytes after a pass has gone, every worker has ended, and idle memory was trimmed.
fn idle_after_trim(keep_bytes: usize) -> Result<usize, String> {
    let mut bench = Bench::new();
    pass(&bench);
    for worker in 0..WORKERS_MAX {
        bench.workers.flush(worker);
    }
    bench.backend.trim(keep_bytes);
    let idle = bench.backend.stats().idle_bytes();
    bench.shut_down_clean()?;
    Ok(idle)
}

/// Reserved less released once everything is dropped and the backend is shut down.
fn leak_after_shutdown() -> Result<usize, String> {
    let mut bench = Bench::new();
    pass(&bench);
    bench.shut_down_clean()?;
    Ok(bench.reserved_bytes().saturating_sub(bench.released_bytes()))
}

/// Bytes in use that a refused request left behind.
fn refused_bytes_published() -> Result<usize, String> {
    let mut bench = Bench::new();
    let arena: Arena = Arena::new_in(bench.memory());
    arena.alloc(1_u64);
    let used = arena.used_bytes();
    bench.pages().refuse_requests(0, usize::MAX);
    let mut refused = 0;
    for bytes in [1 << 20, 8 << 20, 100 << 20] {
        refused += usize::from(arena.try_alloc_slice_fill_with(bytes, |_| 0_u8).is_err());
    }
    bench.pages().refuse_nothing();
    let left = arena.used_bytes() - used;
    drop(arena);
    bench.shut_down_clean()?;
    if refused == 0 { Err("nothing was refused".into()) } else { Ok(left) }
}

/// Runs the experiment in another process of this program, because it changes the process for good.
///
/// # Errors
/// When the process cannot be started or says no number.
pub fn in_a_process_of_its_own(rule: &str, profile: &str) -> Result<usize, String> {
    let program =
        std::env::current_exe().map_err(|error| format!("this program cannot find itself: {error}"))?;
    let output = Command::new(program)
        .args(["evidence", "--rule", rule, "--profile", profile, "--here"])
        .output()
        .map_err(|error| format!("{rule} cannot be started: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().map_err(|_| format!("{rule}: {}", String::from_utf8_lossy(&output.stderr).trim()))
}

/// The experiment of a rule that needs a process of its own, in this process.
///
/// # Errors
/// When there is no such rule or the process cannot be limited.
pub fn measure_here(rule: &str) -> Result<usize, String> {
    if rule == "exhaustion.usable-percent-under-limit" { usable_under_limit() } else { measure(rule) }
}

/// Share of what a limit on address space leaves that spans can have: the smaller of the first filling and the one after everything
/// was given back.
fn usable_under_limit() -> Result<usize, String> {
    let mut spans = Vec::with_capacity(2 * LIMIT_BYTES / config::UNIT_BYTES);
    let maximum = getrlimit(Resource::As).maximum;
    setrlimit(Resource::As, Rlimit { current: Some(LIMIT_BYTES as u64), maximum })
        .map_err(|error| format!("address space cannot be limited: {error}"))?;
    let left = LIMIT_BYTES.saturating_sub(address_space_bytes()?);
    let backend = compiler_internal::backend();
    let mut least = usize::MAX;
    for _ in 0..2 {
        while let Ok(span) = backend.acquire(1) {
            spans.push(span);
        }
        least = least.min(spans.iter().map(|span| span.bytes).sum());
        for span in spans.drain(..) {
            // SAFETY: the span must come from this backend and be released once. It was acquired above and is drained here.
            unsafe { backend.release(span) };
        }
    }
    Ok(least * 100 / left.max(1))
}

/// Address space of this process, as its limit counts it.
///
/// # Errors
/// When the system does not say.
pub fn address_space_bytes() -> Result<usize, String> {
    let text =
        std::fs::read_to_string("/proc/self/statm").map_err(|error| format!("/proc/self/statm: {error}"))?;
    let pages: Option<usize> = text.split_whitespace().next().and_then(|pages| pages.parse().ok());
    pages
        .map(|pages| pages * rustix::param::page_size())
        .ok_or_else(|| "/proc/self/statm says nothing".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_equal_pass_needs_nothing_from_the_page_source() {
        assert_eq!(measure("transfer-refill.warm-pass-reservations"), Ok(0));
        let cold = measure("transfer-refill.warm-pass-cold-spans").expect("the experiment runs");
        assert!(cold <= 1, "{cold} spans of a warm pass had new pages");
    }

    #[test]
    fn what_is_trimmed_does_not_idle() {
        assert_eq!(measure("release-cleanup.idle-bytes-after-trim"), Ok(0));
        let idle =
            measure("release-cleanup.idle-bytes-after-trim-to-the-minimum").expect("the experiment runs");
        assert!(idle > 0 && idle <= IDLE_BYTES_MIN, "{idle}");
    }

    #[test]
    fn nothing_is_published_by_a_refused_request_and_nothing_leaks() {
        assert_eq!(measure("exhaustion.refused-bytes-published"), Ok(0));
        assert_eq!(measure("release-cleanup.leak-bytes-after-shutdown"), Ok(0));
    }

    #[test]
    fn a_rule_without_an_experiment_is_an_error() {
        assert!(measure("no-such-rule").is_err());
    }
}
