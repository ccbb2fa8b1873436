//! Random sequences of calls on a vector in an arena and on a standard one: equal after each, and every value dropped once.

use crate::tracked::{Ledger, Tracked};
use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Call {
    Push(u32),
    Pop,
    PopIf(u32),
    Insert(usize, u32),
    Remove(usize),
    SwapRemove(usize),
    Truncate(usize),
    Resize(usize, u32),
    Retain(u32),
    RetainMut(u32),
    DrainFilter {
        modulus: u32,
        taken: usize,
    },
    Dedup(u32),
    Drain {
        range: (usize, usize),
        front: usize,
        back: usize,
    },
    Splice {
        range: (usize, usize),
        with: Vec<u32>,
        front: usize,
        hinted: bool,
    },
    Append(Vec<u32>),
    Extend(Vec<u32>),
    SplitOff(usize),
    Reserve(usize),
    Shrink,
    Clone,
    IntoIter {
        front: usize,
        back: usize,
    },
    /// Makes the buffer no longer the newest object.
    AllocateBeside,
    Clear,
}

fn call() -> impl Strategy<Value = Call> {
    let values = proptest::collection::vec(0u32..5, 0..30);
    let range = (0usize..40, 0usize..40);
    prop_oneof![
        6 => (0u32..5).prop_map(Call::Push),
        2 => Just(Call::Pop),
        1 => (1u32..4).prop_map(Call::PopIf),
        3 => (0usize..40, 0u32..5).prop_map(|(at, value)| Call::Insert(at, value)),
        2 => (0usize..40).prop_map(Call::Remove),
        2 => (0usize..40).prop_map(Call::SwapRemove),
        1 => (0usize..40).prop_map(Call::Truncate),
        1 => (0usize..60, 0u32..5).prop_map(|(len, value)| Call::Resize(len, value)),
        2 => (1u32..4).prop_map(Call::Retain),
        1 => (1u32..4).prop_map(Call::RetainMut),
        2 => (1u32..4, 0usize..20).prop_map(|(modulus, taken)| Call::DrainFilter { modulus, taken }),
        2 => (1u32..5).prop_map(Call::Dedup),
        3 => (range.clone(), 0usize..10, 0usize..10)
            .prop_map(|(range, front, back)| Call::Drain { range, front, back }),
        3 => (range, values.clone(), 0usize..10, any::<bool>())
            .prop_map(|(range, with, front, hinted)| Call::Splice { range, with, front, hinted }),
        2 => values.clone().prop_map(Call::Append),
        3 => values.prop_map(Call::Extend),
        1 => (0usize..40).prop_map(Call::SplitOff),
        1 => (0usize..100).prop_map(Call::Reserve),
        2 => Just(Call::Shrink),
        1 => Just(Call::Clone),
        1 => (0usize..10, 0usize..10).prop_map(|(front, back)| Call::IntoIter { front, back }),
        2 => Just(Call::AllocateBeside),
        1 => Just(Call::Clear),
    ]
}

/// An index up to `len`, made of any number.
fn up_to(index: usize, len: usize) -> usize {
    index % (len + 1)
}

fn ordered((a, b): (usize, usize), len: usize) -> core::ops::Range<usize> {
    let (a, b) = (up_to(a, len), up_to(b, len));
    a.min(b)..a.max(b)
}

fn take<'l>(iter: impl DoubleEndedIterator<Item = Tracked<'l>>, front: usize, back: usize) -> Vec<u32> {
    let mut iter = iter;
    let mut taken: Vec<u32> = iter.by_ref().take(front).map(|value| value.read()).collect();
    taken.extend(iter.rev().take(back).map(|value| value.read()));
    taken
}

fn run(calls: &[Call]) {
    let ledger = Ledger::default();
    let bump = Bump::new();
    {
        let mut ours: BumpVec<Tracked> = BumpVec::new_in(&bump);
        let mut model: Vec<Tracked> = Vec::new();
        for call in calls {
            let len = model.len();
            let make = |values: &[u32]| values.iter().map(|value| ledger.value(*value)).collect::<Vec<_>>();
            match call.clone() {
                Call::Push(value) => {
                    ours.push(ledger.value(value));
                    model.push(ledger.value(value));
                }
                Call::Pop => assert_eq!(ours.pop(), model.pop()),
                Call::PopIf(modulus) => {
                    assert_eq!(
                        ours.pop_if(|v| v.value % modulus == 0),
                        model.pop_if(|v| v.value % modulus == 0)
                    );
                }
                Call::Insert(at, value) => {
                    ours.insert(up_to(at, len), ledger.value(value));
                    model.insert(up_to(at, len), ledger.value(value));
                }
                Call::Remove(at) if at < len => assert_eq!(ours.remove(at), model.remove(at)),
                Call::SwapRemove(at) if at < len => assert_eq!(ours.swap_remove(at), model.swap_remove(at)),
                Call::Remove(_) | Call::SwapRemove(_) => {}
                Call::Truncate(len) => {
                    ours.truncate(len);
                    model.truncate(len);
                }
                Call::Resize(len, value) => {
                    ours.resize(len, ledger.value(value));
                    model.resize(len, ledger.value(value));
                }
                Call::Retain(modulus) => {
                    ours.retain(|v| v.read() % modulus != 0);
                    model.retain(|v| v.read() % modulus != 0);
                }
                Call::RetainMut(modulus) => {
                    let keep = |v: &mut Tracked| {
                        v.value += 1;
                        v.value % modulus != 0
                    };
                    ours.retain_mut(keep);
                    model.retain_mut(keep);
                }
                Call::DrainFilter { modulus, taken } => {
                    let theirs: Vec<Tracked> = model.extract_if(.., |v| v.read() % modulus == 0).collect();
                    let first: Vec<Tracked> =
                        ours.drain_filter(|v| v.read() % modulus == 0).take(taken).collect();
                    assert_eq!(first[..], theirs[..taken.min(theirs.len())]);
                }
                Call::Dedup(divisor) => match divisor {
                    1 => {
                        ours.dedup();
                        model.dedup();
                    }
                    2 => {
                        ours.dedup_by_key(|v| v.read() / 2);
                        model.dedup_by_key(|v| v.read() / 2);
                    }
                    _ => {
                        ours.dedup_by(|a, b| a.read() < b.read() + divisor);
                        model.dedup_by(|a, b| a.read() < b.read() + divisor);
                    }
                },
                Call::Drain { range, front, back } => {
                    let range = ordered(range, len);
                    assert_eq!(ours.drain(range.clone()).len(), range.len());
                    let removed: Vec<Tracked> = model.drain(range.clone()).collect();
                    drop(removed);
                    if range.is_empty() && len > 0 {
                        assert_eq!(take(ours.drain(..), front, back), take(model.drain(..), front, back));
                    }
                }
                Call::Splice { range, with, front, hinted } => {
                    let range = ordered(range, len);
                    let replaced: Vec<u32> = if hinted {
                        ours.splice(range.clone(), make(&with)).take(front).map(|v| v.value).collect()
                    } else {
                        // Without a lower bound of how many come.
                        ours.splice(range.clone(), make(&with).into_iter().filter(|_| true))
                            .take(front)
                            .map(|v| v.value)
                            .collect()
                    };
                    let theirs: Vec<u32> =
                        model.splice(range, make(&with)).take(front).map(|v| v.value).collect();
                    assert_eq!(replaced, theirs);
                }
                Call::Append(values) => {
                    let mut other = BumpVec::from_iter_in(make(&values), &bump);
                    ours.append(&mut other);
                    assert!(other.is_empty());
                    model.append(&mut make(&values));
                }
                Call::Extend(values) => {
                    ours.extend(make(&values));
                    ours.extend_from_slice(&make(&values));
                    model.extend(make(&values));
                    model.extend_from_slice(&make(&values));
                }
                Call::SplitOff(at) => {
                    assert_eq!(ours.split_off(up_to(at, len)), &model.split_off(up_to(at, len))[..]);
                }
                Call::Reserve(more) => {
                    ours.reserve(more);
                    assert!(ours.capacity() >= ours.len() + more);
                    ours.reserve_exact(more / 2);
                    ours.try_reserve(more + 1).unwrap();
                    ours.try_reserve_exact(more + 2).unwrap();
                    assert!(ours.capacity() >= ours.len() + more + 2);
                }
                Call::Shrink => {
                    ours.shrink_to_fit();
                    assert!(ours.capacity() >= ours.len());
                }
                Call::Clone => {
                    let copy = ours.clone();
                    assert_eq!(copy, ours);
                    ours = copy;
                }
                Call::IntoIter { front, back } => {
                    let copy = ours.clone().into_iter();
                    assert_eq!(copy.as_slice(), &ours[..]);
                    assert_eq!(take(copy, front, back), take(model.clone().into_iter(), front, back));
                }
                Call::AllocateBeside => {
                    bump.alloc(1u8);
                }
                Call::Clear => {
                    ours.clear();
                    model.clear();
                }
            }
            assert_eq!(ours[..], model[..]);
            assert_eq!(ours.len(), model.len());
        }
        assert_eq!(ledger.live(), ours.len() + model.len());
    }
    assert_eq!(ledger.live(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn a_vector_does_what_the_standard_one_does(calls in proptest::collection::vec(call(), 1..60)) {
        run(&calls);
    }
}
