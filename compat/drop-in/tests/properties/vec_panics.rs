//! Every call of a vector that runs user code, with a panic at the first, second, third .. event: afterwards the vector holds
//! only live values, can be used, and no value is dropped twice.

use crate::tracked::{Ledger, Tracked};
use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `work` on a vector of ten values with a panic at each of its events in turn.
fn check(name: &str, work: impl Fn(&mut BumpVec<'_, Tracked<'_>>)) {
    for events in 0.. {
        assert!(events < 1000, "{name} does not end");
        let ledger = Ledger::default();
        let bump = Bump::new();
        let finished = {
            let values = (0..10).map(|n| ledger.value(n / 2));
            let mut vec = BumpVec::from_iter_in(values, &bump);
            ledger.light_fuse(events);
            let outcome = catch_unwind(AssertUnwindSafe(|| work(&mut vec)));
            let unburnt = ledger.put_out_fuse();
            assert_eq!(outcome.is_ok(), unburnt, "{name}");
            vec.iter().for_each(|value| drop(value.read()));
            vec.push(ledger.value(7));
            assert_eq!(vec.pop().map(|value| value.read()), Some(7));
            vec.iter().for_each(|value| drop(value.read()));
            unburnt
        };
        let leaked = ledger.live();
        assert!(!finished || leaked == 0, "{name} leaks {leaked} values without a panic");
        if finished {
            return;
        }
    }
}

#[test]
fn a_panic_in_user_code_leaves_a_sound_vector() {
    check("truncate", |vec| vec.truncate(3));
    check("clear", |vec| vec.clear());
    check("retain", |vec| {
        vec.retain(|value| {
            value.ledger.event();
            value.read() % 2 == 0
        });
    });
    check("retain_mut", |vec| {
        vec.retain_mut(|value| {
            value.ledger.event();
            value.read() % 3 != 0
        });
    });
    check("dedup", |vec| vec.dedup());
    check("dedup_by", |vec| {
        vec.dedup_by(|a, b| {
            a.ledger.event();
            a.read() <= b.read() + 1
        });
    });
    check("dedup_by_key", |vec| {
        vec.dedup_by_key(|value| {
            value.ledger.event();
            value.read()
        });
    });
    check("drain_filter", |vec| {
        let picks = |value: &mut Tracked| {
            value.ledger.event();
            value.read() % 2 == 0
        };
        assert!(vec.drain_filter(picks).count() > 0);
    });
    check("drain_filter, in part", |vec| {
        let picks = |value: &mut Tracked| {
            value.ledger.event();
            value.read() % 2 == 0
        };
        drop(vec.drain_filter(picks).next());
    });
    check("drain", |vec| drop(vec.drain(2..7)));
    check("drain, in part", |vec| {
        let mut drain = vec.drain(2..8);
        drop(drain.next());
        drop(drain.next_back());
    });
    for (range, count) in [(2..7, 3), (2..7, 20), (8..10, 30), (0..0, 5), (3..9, 0)] {
        check("splice", |vec| {
            let ledger = vec[0].ledger;
            let with = (0..count).map(move |n| {
                ledger.event();
                ledger.value(n)
            });
            drop(vec.splice(range.clone(), with));
        });
        check("splice without a hint", |vec| {
            let ledger = vec[0].ledger;
            let with = (0..count).filter_map(move |n| {
                ledger.event();
                Some(ledger.value(n))
            });
            drop(vec.splice(range.clone(), with));
        });
    }
    check("extend", |vec| {
        let ledger = vec[0].ledger;
        vec.extend((0..20).map(|n| {
            ledger.event();
            ledger.value(n)
        }));
    });
    check("extend_from_slice", |vec| {
        let more = [vec[0].clone(), vec[1].clone()];
        vec.extend_from_slice(&more);
    });
    check("resize up", |vec| {
        let value = vec[0].clone();
        vec.resize(20, value);
    });
    check("resize down", |vec| {
        let value = vec[0].clone();
        vec.resize(3, value);
    });
    check("clone", |vec| drop(vec.clone()));
    check("into_iter", |vec| {
        let copy = vec.clone();
        let mut iter = copy.into_iter();
        drop(iter.next());
        drop(iter.next_back());
    });
    check("pop_if", |vec| {
        drop(vec.pop_if(|value| {
            value.ledger.event();
            true
        }));
    });
    check("remove", |vec| drop(vec.remove(3)));
    check("swap_remove", |vec| drop(vec.swap_remove(3)));
    check("split_off", |vec| drop(vec.split_off(4)));
    check("into_boxed_slice", |vec| drop(vec.clone().into_boxed_slice()));
    check("replaced", |vec| {
        let bump = vec.bump();
        drop(core::mem::replace(vec, BumpVec::new_in(bump)));
    });
}

#[test]
fn what_is_forgotten_is_leaked_and_not_used_again() {
    let ledger = Ledger::default();
    let bump = Bump::new();
    let mut vec = BumpVec::from_iter_in((0..10).map(|n| ledger.value(n)), &bump);
    let mut drain = vec.drain(2..5);
    drop(drain.next());
    core::mem::forget(drain);
    vec.iter().for_each(|value| drop(value.read()));
    vec.push(ledger.value(3));
    let mut filter = vec.drain_filter(|value| value.value == 0);
    drop(filter.next());
    core::mem::forget(filter);
    vec.iter().for_each(|value| drop(value.read()));
    vec.push(ledger.value(3));
    let splice = vec.splice(0..1, [ledger.value(9)]);
    core::mem::forget(splice);
    vec.iter().for_each(|value| drop(value.read()));
    drop(vec);
    ledger.live();
}

#[test]
fn a_value_on_which_a_filter_panics_is_lost_and_the_others_are_not() {
    let (ledger, bump) = (Ledger::default(), Bump::new());
    let mut vec = BumpVec::from_iter_in((1..=5).map(|n| ledger.value(n)), &bump);
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let mut filter = vec.drain_filter(|value| match value.read() {
            1 => true,
            2 => panic!("in doubt"),
            _ => false,
        });
        assert_eq!(filter.next().map(|value| value.read()), Some(1));
        filter.next();
    }));
    assert!(outcome.is_err());
    let left: Vec<_> = vec.iter().map(Tracked::read).collect();
    assert_eq!(left, [3, 4, 5]);
    drop(vec);
    assert_eq!(ledger.live(), 1, "the second one is lost");
}
