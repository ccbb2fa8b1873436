//! Random sequences of calls against a list of what must be where.

use bumpalo::Bump;
use core::alloc::Layout;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Call {
    Layout { size: usize, align_shift: u32 },
    Byte,
    Word,
    Text(usize),
    Copy(usize),
    FailedInit { allocates: bool },
    FailedSlice(usize),
    Reset,
    Limit(Option<usize>),
}

fn call() -> impl Strategy<Value = Call> {
    let size = prop_oneof![20 => 0usize..200, 5 => 200usize..9000, 1 => 9000usize..700_000];
    prop_oneof![
        8 => (size.clone(), prop_oneof![8 => 0u32..5, 1 => 5u32..13])
            .prop_map(|(size, align_shift)| Call::Layout { size, align_shift }),
        3 => Just(Call::Byte),
        3 => Just(Call::Word),
        3 => (0usize..300).prop_map(Call::Text),
        3 => size.prop_map(Call::Copy),
        2 => any::<bool>().prop_map(|allocates| Call::FailedInit { allocates }),
        1 => (0usize..3000).prop_map(Call::FailedSlice),
        1 => Just(Call::Reset),
        1 => proptest::option::of(0usize..200_000).prop_map(Call::Limit),
    ]
}

/// What was handed out since the last reset: where, how many bytes, and the byte that fills them.
#[derive(Default)]
struct Handed {
    blocks: Vec<(usize, usize, u8)>,
}

impl Handed {
    /// Fills a block with a byte of its own and notes it.
    fn note(&mut self, at: *mut u8, bytes: usize, align: usize) {
        assert!(at.addr().is_multiple_of(align));
        let fill = self.blocks.len() as u8;
        // SAFETY: the range must be valid for writes; the arena has just handed it out.
        unsafe { at.write_bytes(fill, bytes) };
        self.blocks.push((at.expose_provenance(), bytes, fill));
    }

    /// No two blocks overlap, all keep their bytes, and each lies in the data of a chunk.
    fn check(&mut self, chunks: &[(usize, usize)]) {
        let mut sorted: Vec<_> = self.blocks.iter().filter(|block| block.1 > 0).copied().collect();
        sorted.sort_unstable();
        for pair in sorted.windows(2) {
            assert!(pair[0].0 + pair[0].1 <= pair[1].0, "{pair:?}");
        }
        for (at, bytes, fill) in sorted {
            let within = chunks.iter().any(|(from, len)| *from <= at && at + bytes <= from + len);
            assert!(within, "{at:x} {bytes}");
            // SAFETY: the range must be valid for reads; it was handed out, and the arena was not reset since.
            let data =
                unsafe { core::slice::from_raw_parts(core::ptr::with_exposed_provenance::<u8>(at), bytes) };
            assert!(data.iter().all(|byte| *byte == fill));
        }
    }
}

fn run<const MIN_ALIGN: usize>(calls: &[Call]) {
    let mut bump = Bump::<MIN_ALIGN>::with_min_align();
    let mut handed = Handed::default();
    for call in calls {
        let allocated = bump.allocated_bytes();
        match *call {
            Call::Layout { size, align_shift } => {
                let layout = Layout::from_size_align(size, 1 << align_shift).unwrap();
                if let Ok(at) = bump.try_alloc_layout(layout) {
                    handed.note(at.as_ptr(), size, layout.align().max(if size > 0 { MIN_ALIGN } else { 1 }));
                }
            }
            Call::Byte => {
                if let Ok(at) = bump.try_alloc(0u8) {
                    handed.note(at, 1, MIN_ALIGN);
                }
            }
            Call::Word => {
                if let Ok(at) = bump.try_alloc(0u64) {
                    handed.note(core::ptr::from_mut(at).cast(), 8, MIN_ALIGN.max(8));
                }
            }
            Call::Text(bytes) => {
                if let Ok(at) = bump.try_alloc_str(&"x".repeat(bytes)) {
                    handed.note(at.as_mut_ptr(), bytes, 1);
                }
            }
            Call::Copy(len) => {
                if let Ok(at) = bump.try_alloc_slice_fill_copy(len / 4, 0u32) {
                    handed.note(at.as_mut_ptr().cast(), len / 4 * 4, 4);
                }
            }
            Call::FailedInit { allocates } => {
                let mut inner = None;
                let failed = bump.try_alloc_try_with(|| -> Result<[u64; 5], u8> {
                    if allocates {
                        inner = bump.try_alloc_slice_fill_copy(9, 0u8).ok().map(|at| at.as_mut_ptr());
                    }
                    Err(1)
                });
                assert!(failed.is_err());
                if let Some(at) = inner {
                    handed.note(at, 9, 1);
                }
            }
            Call::FailedSlice(len) => {
                if bump.allocation_limit().is_none() {
                    let failed =
                        bump.alloc_slice_try_fill_with(len + 1, |n| if n < len { Ok(1u16) } else { Err(()) });
                    assert!(failed.is_err());
                }
            }
            Call::Reset => {
                let chunks = chunks(&mut bump);
                handed.check(&chunks);
                handed = Handed::default();
                bump.reset();
                continue;
            }
            // The registry's takes a limit below what the arena has for none, see README.
            Call::Limit(limit) if drop_in::ARE_OURS => bump.set_allocation_limit(limit),
            Call::Limit(limit) => bump.set_allocation_limit(limit.map(|limit| limit.max(allocated))),
        }
        let now = bump.allocated_bytes();
        if let Some(limit) = bump.allocation_limit() {
            assert!(now <= limit.max(allocated));
        }
        assert!(bump.allocated_bytes_including_metadata() >= now);
        assert!(bump.chunk_capacity() <= now);
    }
    let chunks = chunks(&mut bump);
    assert!(chunks.iter().map(|(_, bytes)| bytes).sum::<usize>() <= bump.allocated_bytes());
    handed.check(&chunks);
}

fn chunks<const MIN_ALIGN: usize>(bump: &mut Bump<MIN_ALIGN>) -> Vec<(usize, usize)> {
    bump.iter_allocated_chunks().map(|chunk| (chunk.as_ptr().addr(), chunk.len())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    #[test]
    fn any_sequence_hands_out_what_was_asked(calls in proptest::collection::vec(call(), 1..200)) {
        run::<1>(&calls);
        run::<4>(&calls);
        run::<16>(&calls);
    }
}
