//! Exhaustion fails closed: for every public call that may allocate, every request to the page source is refused in
//! turn.

use super::arena_memory::leaked;
use compiler_alloc::arena::{InitError, ResetMode, Spans};
use compiler_alloc::fault::{Fault, FaultCode};
use compiler_alloc::page_source::{FixturePages, MmapPages};
use compiler_alloc::span::SpanBackend;
use compiler_alloc::{Arena, ArenaMap, ArenaPool, ArenaStr, ArenaVec, Family, Scope, Sealed, Session};
use core::alloc::Layout;
use std::panic::{AssertUnwindSafe, catch_unwind};

type Pages = &'static FixturePages<MmapPages>;

struct Bench {
    pages: Pages,
    backend: &'static SpanBackend<Pages>,
    spans: &'static Spans<Pages>,
}

fn bench() -> Bench {
    let pages: Pages = leaked(FixturePages::new(MmapPages::new()));
    let backend = leaked(SpanBackend::new(pages));
    Bench { pages, backend, spans: leaked(Spans::new(backend)) }
}

impl Bench {
    fn lent_bytes(&self) -> usize {
        let stats = self.backend.stats();
        stats.arena_live_bytes + stats.sealed_live_bytes
    }

    fn end(self) {
        self.spans.flush();
        let report = self.backend.shutdown();
        assert_eq!((report.live_units, report.record_bytes), (0, 0));
        assert_eq!(self.pages.reserved_bytes(), self.pages.released_bytes());
    }
}

/// How much is refused once refusing has begun: one request, or everything.
const REFUSE: [usize; 2] = [1, usize::MAX];

/// Runs `call` on an arena, refusing requests after the first 0, 1, 2, ... until it meets no refusal. Whenever it
/// fails: the arena and the backend still hold, nothing was published, and the call works once memory is back.
fn refuse_every_request(name: &str, call: impl Fn(&Scope) -> Result<(), Fault>) {
    for refuse in REFUSE {
        let mut failures = 0;
        for pass in 0.. {
            let bench = bench();
            let mut arena = Arena::new_in(bench.spans);
            bench.pages.refuse_requests(pass, refuse);
            let answer = call(arena.as_scope());
            let met_none = bench.pages.refuse_nothing() == refuse;
            if let Err(fault) = answer {
                failures += 1;
                assert_eq!(fault.code, FaultCode::PageExhaustion, "{name}");
                arena.raw().check().unwrap();
                bench.backend.check().unwrap();
                call(arena.as_scope()).unwrap_or_else(|fault| panic!("{name}: {fault} with memory back"));
            }
            arena.raw().check().unwrap();
            bench.backend.check().unwrap();
            arena.reset_with(ResetMode::Release);
            assert_eq!(bench.lent_bytes(), 0, "{name}");
            drop(arena);
            bench.end();
            if met_none {
                break;
            }
        }
        // After one refusal a smaller request may do; when everything is refused, nothing can.
        assert!(failures > 0 || refuse == 1, "{name}: nothing failed");
    }
}

/// Bytes that need chunks of every size.
const MANY: usize = 500_000;

#[test]
fn every_single_allocation_fails_closed() {
    let used = |scope: &Scope, call: &dyn Fn(&Scope) -> Result<(), Fault>| {
        let before = scope.used_bytes();
        call(scope).inspect_err(|_| assert_eq!(scope.used_bytes(), before, "a refused call uses nothing"))
    };
    type Call<'a> = (&'a str, &'a dyn Fn(&Scope) -> Result<(), Fault>);
    let calls: [Call; 11] = [
        ("try_alloc", &|s| s.try_alloc([1_u64; 9]).map(drop_it)),
        ("try_alloc_with", &|s| s.try_alloc_with(|| 1_u64).map(drop_it)),
        ("try_alloc_try_with", &|s| match s.try_alloc_try_with(|| Ok::<u64, ()>(1)) {
            Err(InitError::Alloc(fault)) => Err(fault),
            answer => answer.map(drop_it).map_err(|_| unreachable!()),
        }),
        ("try_alloc_str", &|s| s.try_alloc_str("some text").map(drop_it)),
        ("try_alloc_slice_copy", &|s| s.try_alloc_slice_copy(&vec![7_u32; MANY]).map(drop_it)),
        ("try_alloc_slice_clone", &|s| s.try_alloc_slice_clone(&vec![7_u64; 9_000]).map(drop_it)),
        ("try_alloc_slice_fill_with", &|s| s.try_alloc_slice_fill_with(2 * MANY, |n| n as u8).map(drop_it)),
        ("try_alloc_slice_fill_iter", &|s| s.try_alloc_slice_fill_iter(0..40_000_i32).map(drop_it)),
        ("try_alloc_layout", &|s| s.try_alloc_layout(Layout::new::<[u8; 4096]>()).map(|_| ())),
        ("try_alloc_bytes", &|s| s.raw().try_alloc_bytes(33).map(|_| ())),
        ("try_alloc_drop", &|s| {
            s.try_alloc_drop(String::from("x")).map(drop_it).map_err(|(fault, value)| {
                assert_eq!(value, "x", "the value comes back");
                fault
            })
        }),
    ];
    for (name, call) in calls {
        refuse_every_request(name, |scope| used(scope, call));
    }
}

fn drop_it<T>(_: T) {}

#[test]
fn long_sequences_and_collections_fail_closed() {
    refuse_every_request("many values", |s| (0..60_000_u64).try_for_each(|n| s.try_alloc(n).map(drop_it)));
    refuse_every_request("misfits", |s| {
        [100, 30_000, 8, 200_000, 16, 600_000, 64].into_iter().try_for_each(|len| {
            s.try_alloc_slice_fill_with(len, |_| 0_u8).map(drop_it)?;
            s.try_alloc(1_u64).map(drop_it)
        })
    });
    refuse_every_request("ArenaVec::try_push", |s| {
        let mut vec = ArenaVec::new();
        (0..20_000_u64).try_for_each(|n| {
            vec.try_push(s, n).map_err(|(fault, value)| {
                assert_eq!(value, n, "the value comes back");
                fault
            })?;
            assert_eq!(vec.len() as u64, n + 1);
            Ok(())
        })
    });
    refuse_every_request("ArenaVec::try_reserve", |s| ArenaVec::<u64>::new().try_reserve(s, 100_000));
    refuse_every_request("ArenaVec::try_extend_from_slice", |s| {
        ArenaVec::new().try_extend_from_slice(s, &[1_u64; 5_000])
    });
    refuse_every_request("ArenaStr::try_push_str", |s| {
        let mut text = ArenaStr::new();
        (0..5_000).try_for_each(|_| text.try_push_str(s, "more text"))
    });
    refuse_every_request("ArenaMap::try_insert", |s| {
        let mut map = ArenaMap::new();
        for n in 0..6_000_u64 {
            if let Err(fault) = map.try_insert(s, n, n) {
                assert!(
                    map.len() as u64 == n && (0..n).all(|key| map.get(&key) == Some(&key)),
                    "the map is as it was"
                );
                return Err(fault);
            }
        }
        Ok(())
    });
}

#[test]
fn calls_without_a_twin_panic_with_the_fault_and_leave_the_arena_whole() {
    refuse_every_request("panicking calls", |s| {
        let answer = catch_unwind(AssertUnwindSafe(|| {
            let mut vec = ArenaVec::new();
            let mut map = ArenaMap::new();
            for n in 0..3_000_u64 {
                s.alloc(n);
                s.alloc_str("text");
                vec.push(s, n);
                map.insert(s, n, n);
            }
            s.alloc_slice_fill_with(MANY, |_| 0_u8);
            assert_eq!(vec.len(), map.len());
        }));
        answer.map_err(|panic| {
            let text = panic.downcast_ref::<String>().unwrap();
            assert!(text.starts_with("ALLOCATOR_PAGE_EXHAUSTION: "), "{text}");
            Fault::new(FaultCode::PageExhaustion, "caught")
        })
    });
}

struct Words;
impl Family for Words {
    type Of<'a> = &'a [&'a str];
    fn shorten<'s, 'l: 's>(long: &'s &'l [&'l str]) -> &'s &'s [&'s str] {
        long
    }
}

/// Like [`refuse_every_request`] for what owns its memory: `make` gets the memory and answers something that is
/// dropped.
fn refuse_every_request_of<T>(name: &str, make: impl Fn(&'static Spans<Pages>) -> Result<T, Fault>) {
    for refuse in REFUSE {
        let mut failures = 0;
        for pass in 0.. {
            let bench = bench();
            bench.pages.refuse_requests(pass, refuse);
            let answer = make(bench.spans);
            let met_none = bench.pages.refuse_nothing() == refuse;
            if let Err(fault) = &answer {
                failures += 1;
                assert_eq!(fault.code, FaultCode::PageExhaustion, "{name}");
                bench.backend.check().unwrap();
                assert_eq!(bench.lent_bytes(), 0, "{name}: nothing was published");
                assert!(make(bench.spans).is_ok(), "{name}: works with memory back");
            }
            drop(answer);
            bench.backend.check().unwrap();
            assert_eq!(bench.lent_bytes(), 0, "{name}");
            bench.end();
            if met_none {
                break;
            }
        }
        // After one refusal a smaller request may do; when everything is refused, nothing can.
        assert!(failures > 0 || refuse == 1, "{name}: nothing failed");
    }
}

fn fault_of<T>(answer: Result<T, InitError<Fault>>) -> Result<T, Fault> {
    answer.map_err(|error| match error {
        InitError::Alloc(fault) | InitError::Init(fault) => fault,
    })
}

#[test]
fn pools_sealed_results_and_sessions_fail_closed() {
    refuse_every_request_of("ArenaPool::try_get", |memory| {
        let pool = ArenaPool::new_in(memory);
        let guards = [pool.try_get()?, pool.try_get()?];
        guards[1].try_alloc_slice_fill_with(MANY, |_| 0_u8)?;
        drop(guards);
        Ok(pool)
    });
    refuse_every_request_of("Sealed::try_build_in", |memory| {
        fault_of(Sealed::<Words>::try_build_in(memory, |b| {
            let word = &*b.try_alloc_str("word")?;
            Ok(&*b.try_alloc_slice_fill_with(20_000, |_| word)?)
        }))
    });
    refuse_every_request_of("Sealed::try_extend", |memory| {
        let parent =
            fault_of(Sealed::<Words>::try_build_in(memory, |b| Ok(&*b.try_alloc_slice_copy(&["x"])?)))?;
        fault_of(parent.try_extend::<Words, Fault>(|b, parent| {
            Ok(&*b.try_alloc_slice_fill_with(20_000, |_| parent[0])?)
        }))
    });
    refuse_every_request_of("Sealed::try_build_pool_in", |memory| {
        fault_of(Sealed::<Words>::try_build_pool_in(memory, |pool| {
            let (first, second) = (pool.try_get()?, pool.try_get()?);
            let word = &*second.try_alloc_str("word")?;
            Ok(&*first.try_alloc_slice_fill_with(20_000, |_| word)?)
        }))
    });
    refuse_every_request_of("Pass::try_worker", |memory| {
        let mut session = Session::new_in(memory);
        session.round(|round| {
            round.pass("one", |pass| {
                let worker = pass.try_worker()?;
                worker.out().try_alloc_slice_fill_with(MANY, |_| 0_u8)?;
                worker.scratch().try_alloc(1_u64).map(drop_it)
            })
        })?;
        Ok(session)
    });
}
