//! Random programs of an actor, its heap and its senders against a trivial model: blocks are aligned, do not overlap and keep their
//! contents; credits, quotas and counts are those of the model. A failing program is printed, shrunk.

use compiler_alloc::actor::{ActorHeap, RemoteBox, SendError};
use compiler_alloc::fault::FaultCode;
use compiler_alloc::page_source::MmapPages;
use compiler_alloc::span::SpanBackend;
use proptest::collection::vec;
use proptest::prelude::*;
use std::alloc::Layout;
use std::collections::{BTreeMap, VecDeque};
use std::ptr::NonNull;

const SENDERS: usize = 2;
const CREDITS: usize = 3;
const CAPACITY: usize = 256 << 10;
/// Block size, alignment and number of each quota.
const QUOTAS: [(usize, usize, usize); 3] = [(8, 8, 6), (48, 16, 9), (512, 256, 4)];

/// One step. Numbers are cut to size by the interpreter, so that every sequence is a valid program.
#[derive(Clone, Copy, Debug)]
enum Operation {
    Allocate { bytes: u16, shift: u8 },
    Free { index: u8 },
    SendRaw { sender: bool, index: u8 },
    Box,
    Send { sender: bool, index: u8 },
    Reclaim { index: u8 },
    DropRemote { index: u8 },
    Drain { messages: u8 },
    Renew { sender: bool },
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        6 => (0_u16..600, 0_u8..13).prop_map(|(bytes, shift)| Operation::Allocate { bytes, shift }),
        2 => (any::<u16>(), 0_u8..6).prop_map(|(bytes, shift)| Operation::Allocate { bytes, shift }),
        4 => any::<u8>().prop_map(|index| Operation::Free { index }),
        3 => (any::<bool>(), any::<u8>()).prop_map(|(sender, index)| Operation::SendRaw { sender, index }),
        4 => Just(Operation::Box),
        4 => (any::<bool>(), any::<u8>()).prop_map(|(sender, index)| Operation::Send { sender, index }),
        1 => any::<u8>().prop_map(|index| Operation::Reclaim { index }),
        1 => any::<u8>().prop_map(|index| Operation::DropRemote { index }),
        4 => (0_u8..5).prop_map(|messages| Operation::Drain { messages }),
        1 => any::<bool>().prop_map(|sender| Operation::Renew { sender }),
    ]
}

/// Of a vector that is not empty, the element that a number says.
fn pick<T>(all: &mut Vec<T>, index: u8) -> Option<T> {
    let place = usize::from(index) % all.len().max(1);
    (place < all.len()).then(|| all.swap_remove(place))
}

type Boxed = [u64; 6];

/// A block of the raw interface, and the byte that fills it.
struct Raw {
    block: NonNull<u8>,
    layout: Layout,
    fill: u8,
}

impl Raw {
    fn check(&self) {
        for at in [0, self.layout.size() / 2, self.layout.size().saturating_sub(1)] {
            if at < self.layout.size() {
                // SAFETY: needs to stay inside the block; `at` is below its size.
                let place = unsafe { self.block.add(at) };
                // SAFETY: needs a byte of a live block that was written; the model holds it, and filled it.
                assert_eq!(unsafe { place.read() }, self.fill, "contents stay");
            }
        }
    }
}

/// Notes a block that was handed out, by its beginning and its end; it must overlap no other.
fn hand_out(ranges: &mut BTreeMap<usize, usize>, begin: usize, bytes: usize) {
    let end = begin + bytes;
    let before = ranges.range(..end).next_back();
    assert!(before.is_none_or(|(_, &other)| other <= begin), "blocks overlap");
    ranges.insert(begin, end);
}

fn run(operations: &[Operation]) {
    let backend: &'static SpanBackend<MmapPages> = Box::leak(Box::new(SpanBackend::new(MmapPages::new())));
    let declared =
        ActorHeap::builder(backend).capacity(CAPACITY).senders(SENDERS, CREDITS).best_effort_locking();
    let declared = QUOTAS.iter().fold(declared, |declared, &(bytes, align, blocks)| {
        declared.quota(Layout::from_size_align(bytes, align).unwrap(), blocks)
    });
    let heap = declared.seal().unwrap();
    let mut senders = [heap.sender().unwrap(), heap.sender().unwrap()];
    let (mut raws, mut remotes): (Vec<Raw>, Vec<(RemoteBox<Boxed>, u64)>) = Default::default();
    // The messages on their way, in order: by which sender, and where their block begins.
    let mut waiting: VecDeque<(usize, usize)> = VecDeque::new();
    let (mut ranges, mut lost, mut number) = (BTreeMap::<usize, usize>::new(), 0, 0_u64);
    for &operation in operations {
        number += 1;
        match operation {
            Operation::Allocate { bytes, shift } => {
                let layout = Layout::from_size_align(usize::from(bytes), 1 << shift).unwrap();
                match heap.try_allocate(layout) {
                    Ok(block) => {
                        let begin = block.as_ptr().addr();
                        assert_eq!(begin % layout.align(), 0);
                        hand_out(&mut ranges, begin, layout.size().max(1));
                        let fill = number as u8;
                        // SAFETY: needs writable memory of so many bytes; it was handed out for them.
                        unsafe { block.write_bytes(fill, layout.size()) };
                        raws.push(Raw { block, layout, fill });
                    }
                    Err(fault) => assert_eq!(fault.code, FaultCode::Exhaustion),
                }
            }
            Operation::Free { index } => {
                if let Some(raw) = pick(&mut raws, index) {
                    raw.check();
                    ranges.remove(&raw.block.as_ptr().addr());
                    // SAFETY: needs a live block and its layout, once; the model held it and forgets it.
                    unsafe { heap.deallocate(raw.block, raw.layout) };
                }
            }
            Operation::SendRaw { sender, index } => {
                let spent = waiting.iter().filter(|&&(by, _)| by == usize::from(sender)).count();
                if let Some(raw) = pick(&mut raws, index) {
                    raw.check();
                    // SAFETY: needs a live block of this actor and its layout; the model held it, and keeps it if it comes back.
                    match unsafe { senders[usize::from(sender)].send_raw(raw.block, raw.layout) } {
                        Ok(()) => {
                            assert!(spent < CREDITS);
                            waiting.push_back((usize::from(sender), raw.block.as_ptr().addr()));
                        }
                        Err(SendError::Full(_)) => {
                            assert_eq!(spent, CREDITS);
                            raws.push(raw);
                        }
                        Err(error) => panic!("{error}"),
                    }
                }
            }
            Operation::Box => {
                if let Ok(made) = heap.try_alloc([number; 6]) {
                    let begin = (&raw const *made).addr();
                    hand_out(&mut ranges, begin, size_of::<Boxed>());
                    remotes.push((made.into_remote(), number));
                }
            }
            Operation::Send { sender, index } => {
                let spent = waiting.iter().filter(|&&(by, _)| by == usize::from(sender)).count();
                if let Some((remote, made)) = pick(&mut remotes, index) {
                    assert_eq!(*remote, [made; 6], "contents stay");
                    let begin = (&raw const *remote).addr();
                    match senders[usize::from(sender)].send(remote) {
                        Ok(()) => {
                            assert!(spent < CREDITS);
                            waiting.push_back((usize::from(sender), begin));
                        }
                        Err(SendError::Full(remote)) => {
                            assert_eq!((spent, *remote), (CREDITS, [made; 6]));
                            remotes.push((remote, made));
                        }
                        Err(error) => panic!("{error}"),
                    }
                }
            }
            Operation::Reclaim { index } => {
                if let Some((remote, made)) = pick(&mut remotes, index) {
                    let home = heap.reclaim(remote).unwrap();
                    assert_eq!(*home, [made; 6], "contents stay");
                    ranges.remove(&(&raw const *home).addr());
                }
            }
            Operation::DropRemote { index } => lost += usize::from(pick(&mut remotes, index).is_some()),
            Operation::Drain { messages } => {
                let expected = waiting.len().min(usize::from(messages));
                assert_eq!(heap.drain(usize::from(messages)), expected);
                for (_, begin) in waiting.drain(..expected) {
                    ranges.remove(&begin);
                }
            }
            Operation::Renew { sender } => {
                // One goes and the next one has its account: credits stay spent.
                let [one, two] = senders;
                let renewed = if sender {
                    drop(two);
                    [one, heap.sender().unwrap()]
                } else {
                    drop(one);
                    [heap.sender().unwrap(), two]
                };
                senders = renewed;
            }
        }
        assert_eq!(heap.live().blocks, raws.len() + remotes.len() + waiting.len() + lost);
    }
    heap.check().unwrap();
    let left = raws.len() + remotes.len() + lost;
    let report = heap.shutdown();
    assert_eq!((report.drained, report.live.blocks), (waiting.len(), left));
    assert_eq!((report.senders, report.unfinished, report.is_released), (SENDERS, 0, false));
    for (remote, made) in remotes {
        let Err(SendError::Closed(remote)) = senders[0].send(remote) else { panic!("taken after the end") };
        assert_eq!(*remote, [made; 6], "contents stay");
    }
    assert!(backend.shutdown().live_bytes > 0);
    drop(senders);
    assert_eq!(backend.shutdown().live_bytes, 0, "the last one out gives the span back");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn actors_agree_with_the_model(operations in vec(operation(), 0..400)) {
        run(&operations);
    }
}
