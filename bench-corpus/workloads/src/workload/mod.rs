//! The workloads, a file each.

mod alloc_test;
mod cache_lines;
mod churn;
mod compiler;
mod crowd;
mod glibc;
mod growth;
mod large;
mod larson;
mod mstress;
mod ring;
mod robson;
mod rptest;
mod server;
mod sh6;
mod sh8;
mod xmalloc;

use bench_measured::rng::Rng;

use crate::Scale;

/// One program that uses malloc.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    /// Its name on the command line and in tables.
    pub name: &'static str,
    /// What it does.
    pub about: &'static str,
    /// The program.
    pub run: fn(Scale),
}

const fn workload(name: &'static str, about: &'static str, run: fn(Scale)) -> Workload {
    Workload { name, about, run }
}

/// Every workload of the geometric mean.
pub const CLASSIC: &[Workload] = &[
    workload("larson", "a server: blocks live across generations of threads", larson::run),
    workload("xmalloc", "two threads only allocate, two only free", xmalloc::run),
    workload("mstress", "phases of threads that share, keep and fill blocks", mstress::run),
    workload("sh6", "batches of rising sizes freed in and against their order, some kept", sh6::run),
    workload("sh8", "random sizes freed in random order, partly by the neighbour thread", sh8::run),
    workload(
        "cache-scratch",
        "threads work on small blocks that another thread allocated beside each other",
        cache_lines::scratch,
    ),
    workload(
        "cache-thrash",
        "threads work on small blocks that they allocate at the same time",
        cache_lines::thrash,
    ),
    workload("alloc-test1", "random slots, mostly small sizes, one thread", alloc_test::one),
    workload("alloc-testN", "random slots, mostly small sizes, a thread a core", alloc_test::many),
    workload("glibc-simple", "one size at a time, few and many live", glibc::simple),
    workload("glibc-thread", "a random working set a thread, small sizes far more often", glibc::thread),
    workload("rptest", "sizes to 16,000, blocks passed on round a ring of threads", rptest::run),
    workload("large", "blocks of 0.2 to 8 MiB, every page touched", large::run),
    workload("growth", "vectors that grow by half through realloc, interleaved", growth::run),
    workload("robson", "doubling sizes into the holes that a worst-case program leaves", robson::run),
    workload("crowd", "16 threads, local and cross-thread frees", crowd::run),
    workload("churn", "thousands of short threads that leave blocks to their successors", churn::run),
    workload("compiler", "a compiler in plain Rust: boxes, vectors, strings, maps", compiler::run),
];

/// What a server does, in no mean of the classic ones.
pub const SERVER: &[Workload] = &[
    workload(
        "pipeline",
        "16 threads in a ring, each frees what the one before it allocated",
        server::pipeline,
    ),
    workload(
        "day",
        "a day's load: hours of 1 to 16 new threads, sessions that other threads end",
        server::day,
    ),
];

/// Every workload.
pub fn all() -> impl Iterator<Item = &'static Workload> {
    CLASSIC.iter().chain(SERVER)
}

/// The workload called `name`.
pub fn named(name: &str) -> Option<&'static Workload> {
    all().find(|workload| workload.name == name)
}

/// Two independent numbers below bounds that fit 32 bits, from one step of the generator: the loop around malloc stays light.
#[inline]
fn draw_two(rng: &mut Rng, first_bound: usize, second_bound: usize) -> (usize, usize) {
    let word = rng.next_u64();
    let scaled = |half: u64, bound: usize| ((half * bound as u64) >> 32) as usize;
    (scaled(word >> 32, first_bound), scaled(word & 0xFFFF_FFFF, second_bound))
}

/// Threads of the workloads that want one a core. Fixed, so that the same work is done on every machine.
const THREADS: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_workload_runs_to_its_end_and_finds_its_blocks_intact() {
        for workload in all() {
            (workload.run)(Scale::Quick);
        }
    }

    #[test]
    fn two_numbers_of_one_draw_stay_below_their_bounds_and_reach_them() {
        let mut rng = Rng::new(2);
        let drawn: Vec<(usize, usize)> = (0..2000).map(|_| draw_two(&mut rng, 3, 5)).collect();
        assert!(drawn.iter().all(|&(first, second)| first < 3 && second < 5));
        assert!(drawn.contains(&(0, 0)) && drawn.contains(&(2, 4)) && drawn.contains(&(2, 0)));
    }

    #[test]
    fn names_are_unique() {
        for workload in all() {
            assert_eq!(all().filter(|other| other.name == workload.name).count(), 1);
        }
    }
}
