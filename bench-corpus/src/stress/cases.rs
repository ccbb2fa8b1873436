//! Every stress case: one table a profile, in the order of the specification's coverage.

use compiler_alloc::heap::{Direct, TransferCache};

use super::bench::Bench;
use super::heap::Way;
use super::{Outcome, arena, fixture, freestanding, heap, realtime};

/// One stress case.
pub struct Case {
    /// Its name.
    pub name: &'static str,
    /// The profile it is about.
    pub profile: &'static str,
    /// The part of the specification's stress coverage it belongs to.
    pub coverage: &'static str,
    /// Seed of its random generator, unless another is asked for.
    pub seed: u64,
    /// Threads it runs at once, the main one included.
    pub threads: usize,
    /// How it must end.
    pub outcome: Outcome,
    /// The one code it must raise.
    pub code: Option<&'static str>,
    /// What it does, in one line.
    pub what: &'static str,
    pub(super) run: Run,
}

/// The body of a case.
pub(super) type Run = fn(&mut Bench, u64) -> Result<(), String>;

/// The code of a page source's refusal.
const PAGE_EXHAUSTION: &str = "ALLOCATOR_PAGE_EXHAUSTION";
/// The code of a limit of ours.
const EXHAUSTION: &str = "ALLOCATOR_EXHAUSTION";
/// The code of a queue that is full.
const REMOTE_FREE_OVERFLOW: &str = "ALLOCATOR_REMOTE_FREE_OVERFLOW";
/// The code of what lives at shutdown.
pub(super) const SHUTDOWN_LEAK: &str = "ALLOCATOR_SHUTDOWN_LEAK";

const LOCAL: &str = "local-free";
const REMOTE: &str = "remote-free";
const CROSS: &str = "cross-thread";
const FRAGMENTATION: &str = "fragmentation";
const LARGE: &str = "large-objects";
const EXHAUSTED: &str = "exhaustion";
const SHUTDOWN: &str = "shutdown-cleanup";

impl Case {
    /// `negative` when the case provokes a failure.
    pub const fn polarity(&self) -> &'static str {
        if self.code.is_some() { "negative" } else { "positive" }
    }

    /// A case of one thread, at whose end everything was served and given back.
    const fn completes(
        seed: u64,
        name: &'static str,
        coverage: &'static str,
        what: &'static str,
        run: Run,
    ) -> Self {
        let (outcome, code) = (Outcome::Completed, None);
        Case { name, profile: "", coverage, seed, threads: 1, outcome, code, what, run }
    }

    /// A case of one thread in which something is refused with this code.
    const fn refuses(self, code: &'static str) -> Self {
        Case { outcome: Outcome::Refused, code: Some(code), ..self }
    }

    /// The case, at whose shutdown something lives.
    const fn leaks(self) -> Self {
        Case { outcome: Outcome::LeakReported, code: Some(SHUTDOWN_LEAK), ..self }
    }

    /// The case, which runs so many threads at once.
    const fn on(self, threads: usize) -> Self {
        Case { threads, ..self }
    }
}

/// Cases of one profile.
const fn of<const N: usize>(profile: &'static str, mut cases: [Case; N]) -> [Case; N] {
    let mut index = 0;
    while index < N {
        cases[index].profile = profile;
        index += 1;
    }
    cases
}

const ARENAS: &[Case] = &of(
    "compiler-internal",
    [
        Case::completes(
            11,
            "arena-local-free",
            LOCAL,
            "allocations, scopes, resets of every mode, drops of one thread",
            arena::local_free,
        ),
        Case::completes(
            30,
            "arena-panics",
            LOCAL,
            "closures and destructors panic inside the arena's calls",
            arena::panics,
        ),
        Case::completes(
            12,
            "arena-remote-free",
            REMOTE,
            "sealed results dropped by threads that did not make them",
            arena::sealed,
        )
        .on(4),
        Case::completes(
            13,
            "arena-cross-thread",
            CROSS,
            "one pool, many workers, one lifetime; read by all, reset, again",
            arena::pool,
        )
        .on(4),
        Case::completes(
            14,
            "arena-fragmentation",
            FRAGMENTATION,
            "results of 100 bytes to 3 MB dropped at random; then the largest span is there again",
            arena::fragmentation,
        ),
        Case::completes(
            15,
            "arena-large-objects",
            LARGE,
            "objects of 600 KB to 24 MB and large alignments between small ones",
            arena::large_objects,
        ),
        Case::completes(
            16,
            "arena-page-exhaustion",
            EXHAUSTED,
            "the page source refuses its first, second, ... request; what was refused succeeds afterwards",
            arena::page_source,
        )
        .refuses(PAGE_EXHAUSTION),
        Case::completes(
            17,
            "arena-limit-exhaustion",
            EXHAUSTED,
            "an arena reaches its limit, again after each reset",
            arena::limit,
        )
        .refuses(EXHAUSTION),
        Case::completes(
            18,
            "arena-shutdown-clean",
            SHUTDOWN,
            "threads come and go; shutdown finds nothing alive and gives everything back",
            arena::clean,
        )
        .on(4),
        Case::completes(
            31,
            "arena-shutdown-in-flight",
            SHUTDOWN,
            "the backend is shut down again and again while workers allocate; the last time nothing lives",
            arena::in_flight,
        )
        .on(4)
        .leaks(),
        Case::completes(
            19,
            "arena-shutdown-leak",
            SHUTDOWN,
            "a result outlives shutdown: reported, still readable, given back by the next shutdown",
            arena::leak,
        )
        .leaks(),
    ],
);

/// The cases of a heap whose threads share blocks in the way of `W`, by their names in the order of the table.
const fn of_heap<W: Way>(profile: &'static str, seed: u64, names: [&'static str; 12]) -> [Case; 12] {
    let [local, remote, exits, cross, fragmentation, large, refused, random, pages, clean, in_flight, leak] =
        names;
    of(
        profile,
        [
            Case::completes(seed + 1, local, LOCAL, "one thread allocates, frees and resizes at random; every block keeps its bytes", heap::local_free::<W>),
            Case::completes(seed + 2, remote, REMOTE, "every thread frees what the others allocated, and ends", heap::remote_free::<W>).on(4),
            Case::completes(seed + 11, exits, REMOTE, "threads end at the moment when others free their blocks", heap::exit_with_pending::<W>).on(4),
            Case::completes(seed + 3, cross, CROSS, "generations of threads that free what the one before left alive", heap::cross_thread::<W>).on(4),
            Case::completes(seed + 4, fragmentation, FRAGMENTATION, "mixed blocks of 24 MiB, nine of ten freed at random, then the rest", heap::fragmentation::<W>),
            Case::completes(seed + 5, large, LARGE, "30 KB to 12 MB between small blocks, resized in both directions", heap::large_objects::<W>),
            Case::completes(seed + 6, refused, LARGE, "requests that no machine serves leave a busy heap as it is", heap::large::<W>).refuses(PAGE_EXHAUSTION),
            Case::completes(seed + 12, random, EXHAUSTED, "threads that share blocks while the page source refuses at random", heap::random_refusals::<W>).on(4).refuses(PAGE_EXHAUSTION),
            Case::completes(seed + 7, pages, EXHAUSTED, "the page source refuses its first, second, ... request; what was refused succeeds afterwards", heap::page_source::<W>).refuses(PAGE_EXHAUSTION),
            Case::completes(seed + 8, clean, SHUTDOWN, "threads come and go, their blocks outlive them; shutdown finds nothing alive", heap::clean::<W>).on(4),
            Case::completes(seed + 13, in_flight, SHUTDOWN, "the backend is shut down again and again while threads free each other's blocks; the last time nothing lives", heap::in_flight::<W>).on(4).leaks(),
            Case::completes(seed + 9, leak, SHUTDOWN, "a block outlives its thread and a shutdown: reported, whole, given back by the next", heap::leak::<W>).leaks(),
        ],
    )
}

const SMALL: &[Case] = &of_heap::<Direct>(
    "hosted-small",
    20,
    [
        "heap-local-free",
        "heap-remote-free",
        "heap-exit-with-pending",
        "heap-cross-thread",
        "heap-fragmentation",
        "heap-large-objects",
        "heap-large-refused",
        "heap-random-refusals",
        "heap-page-exhaustion",
        "heap-shutdown-clean",
        "heap-shutdown-in-flight",
        "heap-shutdown-leak",
    ],
);

/// What only the heap of a process can show.
const fn of_process(profile: &'static str, seed: u64, name: &'static str, run: Run) -> [Case; 1] {
    let what = "children of forks that came while other threads allocated use and validate the heap";
    of(profile, [Case::completes(seed, name, CROSS, what, run).on(4)])
}

const SMALL_PROCESS: &[Case] = &of_process("hosted-small", 34, "heap-fork", heap::fork_small);

const FIXTURE: &[Case] = &of(
    "test-fixture",
    [
        Case::completes(
            61,
            "fixture-local-free",
            LOCAL,
            "one thread at random, twice: the same journal, which plays again",
            fixture::local_free,
        ),
        Case::completes(
            62,
            "fixture-remote-free",
            REMOTE,
            "threads that take turns free each other's blocks and drain at safepoints",
            fixture::remote_free,
        ),
        Case::completes(
            63,
            "fixture-cross-thread",
            CROSS,
            "generations of threads that free what the one before left alive",
            fixture::cross_thread,
        ),
        Case::completes(
            64,
            "fixture-fragmentation",
            FRAGMENTATION,
            "mixed blocks, nine of ten freed at random, then the rest",
            fixture::fragmentation,
        ),
        Case::completes(
            65,
            "fixture-large-objects",
            LARGE,
            "30 KB to 3 MB between small blocks",
            fixture::large_objects,
        ),
        Case::completes(
            66,
            "fixture-window-exhaustion",
            EXHAUSTED,
            "the window fills up, and serves again after a free",
            fixture::window,
        )
        .refuses(PAGE_EXHAUSTION),
        Case::completes(
            67,
            "fixture-scripted-exhaustion",
            EXHAUSTED,
            "pages, pieces and blocks are refused one after the other",
            fixture::scripted,
        )
        .refuses(PAGE_EXHAUSTION),
        Case::completes(
            68,
            "fixture-limit-exhaustion",
            EXHAUSTED,
            "every allocation of an arena reaches a limit once",
            fixture::limit,
        )
        .refuses(EXHAUSTION),
        Case::completes(
            69,
            "fixture-shutdown-clean",
            SHUTDOWN,
            "threads and arenas end in any order; everything goes back",
            fixture::clean,
        ),
        Case::completes(
            70,
            "fixture-shutdown-leak",
            SHUTDOWN,
            "a block outlives the fixture: reported, and still whole",
            fixture::leak,
        )
        .leaks(),
    ],
);

const FREESTANDING: &[Case] = &of(
    "freestanding",
    [
        Case::completes(
            81,
            "freestanding-local-free",
            LOCAL,
            "blocks and resizes at random in storage of 64 KiB, 1 MiB and 16 MiB",
            freestanding::local_free,
        ),
        Case::completes(86, "freestanding-local-refused", LOCAL, "blocks until one is refused, a random half freed, and again", freestanding::local_refused).refuses(EXHAUSTION),
Case::completes(
            82,
            "freestanding-fragmentation",
            FRAGMENTATION,
            "nine of ten blocks freed at random, then the rest; the storage is whole again",
            freestanding::fragmentation,
        ),
        Case::completes(87, "freestanding-fragmented", FRAGMENTATION, "every other block freed: what is larger than a gap is refused, and served when the neighbours go", freestanding::fragmented).refuses(EXHAUSTION),
Case::completes(
            83,
            "freestanding-large-objects",
            LARGE,
            "blocks of up to three quarters of the storage between small ones",
            freestanding::large_objects,
        ),
        Case::completes(88, "freestanding-refilled", EXHAUSTED, "storage filled to the last block, emptied and filled again with as many", freestanding::refilled),
Case::completes(
            84,
            "freestanding-exhaustion",
            EXHAUSTED,
            "the storage is full; what was refused succeeds after a free",
            freestanding::exhaustion,
        )
        .refuses(EXHAUSTION),
        Case::completes(
            85,
            "freestanding-shutdown-clean",
            SHUTDOWN,
            "arenas and blocks end; all of the storage is free again",
            freestanding::clean,
        ),
    ],
);

const SERVER: &[Case] = &of_heap::<TransferCache>(
    "hosted-server",
    40,
    [
        "server-local-free",
        "server-remote-free",
        "server-exit-with-pending",
        "server-cross-thread",
        "server-fragmentation",
        "server-large-objects",
        "server-large-refused",
        "server-random-refusals",
        "server-page-exhaustion",
        "server-shutdown-clean",
        "server-shutdown-in-flight",
        "server-shutdown-leak",
    ],
);

const SERVER_PROCESS: &[Case] = &of_process("hosted-server", 54, "server-fork", heap::fork_server);

const REALTIME: &[Case] = &of(
    "realtime",
    [
        Case::completes(
            101,
            "realtime-local-free",
            LOCAL,
            "blocks of four quotas at random; after sealing nothing is asked of the page source",
            realtime::local_free,
        ),
        Case::completes(
            102,
            "realtime-remote-free",
            REMOTE,
            "threads send home what an actor hands out, which drains at message boundaries",
            realtime::remote_free,
        )
        .on(4),
        Case::completes(
            103,
            "realtime-queue-overflow",
            REMOTE,
            "a full queue gives the block back, and takes it after a drain",
            realtime::overflow,
        )
        .refuses(REMOTE_FREE_OVERFLOW),
        Case::completes(
            104,
            "realtime-cross-thread",
            CROSS,
            "parcels go from thread to thread before they come home",
            realtime::cross_thread,
        )
        .on(4),
        Case::completes(
            111,
            "realtime-parcels-out",
            CROSS,
            "all blocks are out with other threads: one more is refused until some come home",
            realtime::parcels_out,
        )
        .on(4)
        .refuses(EXHAUSTION),
        Case::completes(
            105,
            "realtime-fragmentation",
            FRAGMENTATION,
            "quotas full, nine of ten freed at random, full again",
            realtime::fragmentation,
        ),
        Case::completes(
            106,
            "realtime-large-objects",
            LARGE,
            "the same with blocks of up to a megabyte",
            realtime::large_objects,
        ),
        Case::completes(
            107,
            "realtime-quota-exhaustion",
            EXHAUSTED,
            "a quota is used up, and serves again after a free",
            realtime::quota,
        )
        .refuses(EXHAUSTION),
        Case::completes(
            112,
            "realtime-region-local-free",
            LOCAL,
            "blocks of any size out of a region, beside a quota; after sealing nothing is asked of the page source",
            realtime::region_local_free,
        ),
        Case::completes(
            113,
            "realtime-region-remote-free",
            REMOTE,
            "threads send home what an actor hands out of a region that is too small for all of it",
            realtime::region_remote_free,
        )
        .on(4),
        Case::completes(
            114,
            "realtime-region-fragmentation",
            FRAGMENTATION,
            "a region nearly full of mixed blocks, nine of ten freed at random, then the rest; it is whole again",
            realtime::region_fragmentation,
        ),
        Case::completes(
            115,
            "realtime-region-large-objects",
            LARGE,
            "blocks of up to half of a region between small ones",
            realtime::region_large_objects,
        ),
        Case::completes(
            116,
            "realtime-region-exhaustion",
            EXHAUSTED,
            "a region is full, with 94 % in use, and serves again after a free",
            realtime::region_exhaustion,
        )
        .refuses(EXHAUSTION),
        Case::completes(
            108,
            "realtime-seal-refused",
            EXHAUSTED,
            "every request that sealing makes is refused in turn",
            realtime::sealing,
        )
        .refuses(PAGE_EXHAUSTION),
        Case::completes(
            109,
            "realtime-shutdown-clean",
            SHUTDOWN,
            "actors end with messages on their way, which are drained",
            realtime::clean,
        ),
        Case::completes(
            110,
            "realtime-shutdown-in-flight",
            SHUTDOWN,
            "actors end with messages on their way and boxes out; the last one out gives the memory back",
            realtime::in_flight,
        )
        .leaks(),
        Case::completes(
            117,
            "realtime-panics",
            LOCAL,
            "values that panic while they are made, dropped, or sent",
            realtime::panics,
        ),
        Case::completes(
            118,
            "realtime-dropped-in-flight",
            SHUTDOWN,
            "actors are dropped while threads send to them; what came too late is the sender's, and nothing is lost",
            realtime::dropped_in_flight,
        )
        .on(4),
    ],
);

/// Every case, profile by profile.
pub fn all() -> impl Iterator<Item = &'static Case> {
    [FREESTANDING, SMALL, SMALL_PROCESS, SERVER, SERVER_PROCESS, REALTIME, FIXTURE, ARENAS]
        .into_iter()
        .flatten()
}
