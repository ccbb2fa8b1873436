//! Many results kept alive at once, as an incremental compiler keeps one a file; then most of them dropped at random.

use std::hint::black_box;

use compiler_alloc::profile::compiler_internal;
use compiler_alloc::{Family, Scope, Sealed};

use crate::rng::Rng;
use crate::subjects::Subject;

/// Seed of sizes and of the order of drops.
pub const SEED: u64 = 0x5EA1;

/// Which results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mix {
    /// How many results.
    pub results: usize,
    /// Fewest bytes that one result asks for.
    pub bytes_min: usize,
    /// Most bytes that one result asks for.
    pub bytes_max: usize,
}

/// 1000 results of about 75 KB, one tree a file.
pub const FILES: Mix = Mix { results: 1000, bytes_min: 25_000, bytes_max: 125_000 };

/// 10,000 results of about 2 KB, one a function.
pub const FUNCTIONS: Mix = Mix { results: 10_000, bytes_min: 500, bytes_max: 3_500 };

/// A result that owns the memory it lies in.
pub trait Retained: Sized {
    /// Builds a result out of objects of 24, 40 and 56 bytes that together ask for `bytes`, and returns it with what they asked for.
    fn build(bytes: usize, seed: u64) -> (Self, usize);

    /// A word of the result, to show that it is still there.
    fn probe(&self) -> u64;

    /// Bytes that this result holds from below, where only the result itself can tell; `None` where [`Retained::held_by_all`] can.
    fn held_bytes(&self) -> Option<usize>;

    /// Bytes held by all results together, where a backend counts them.
    fn held_by_all() -> Option<usize> {
        None
    }
}

/// What was found while all results lived, and after nine of ten were dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Bytes asked for by all results.
    pub requested: usize,
    /// Bytes held while all lived.
    pub held: usize,
    /// Bytes resident while all lived, less what was resident before the first.
    pub resident: usize,
    /// Bytes asked for by the results that stayed.
    pub live_requested: usize,
    /// Bytes held right after the drops.
    pub live_held: usize,
    /// Bytes resident right after the drops, less what was resident before the first.
    pub live_resident: usize,
}

/// Builds every result of `mix`, then drops a random nine of ten. `resident` reads the bytes resident now.
pub fn run<R: Retained>(mix: Mix, resident: impl Fn() -> usize) -> Found {
    let mut rng = Rng::new(SEED);
    let mut results: Vec<Option<(R, usize)>> = Vec::with_capacity(mix.results);
    let before = resident();
    let mut found = Found::default();
    for index in 0..mix.results {
        let (result, requested) = R::build(rng.between(mix.bytes_min, mix.bytes_max), index as u64);
        found.requested += requested;
        results.push(Some((result, requested)));
    }
    found.held = held(&results);
    found.resident = resident().saturating_sub(before);
    let mut order: Vec<usize> = (0..mix.results).collect();
    rng.shuffle(&mut order);
    for &index in &order[..mix.results / 10 * 9] {
        results[index] = None;
    }
    found.live_held = held(&results);
    found.live_resident = resident().saturating_sub(before);
    let live = results.iter().enumerate().filter_map(|(index, result)| Some((index, result.as_ref()?)));
    for (index, (result, requested)) in live {
        assert_eq!(result.probe(), index as u64, "a result changed while others were dropped");
        found.live_requested += requested;
    }
    found
}

fn held<R: Retained>(results: &[Option<(R, usize)>]) -> usize {
    R::held_by_all().unwrap_or_else(|| {
        results.iter().flatten().map(|(result, _)| result.held_bytes().expect("one of the two counts")).sum()
    })
}

/// Where [`fill`] puts its objects: an arena, or the builder of a result.
pub trait Sink<'a> {
    /// Stores words; they stay for `'a`.
    fn put<const WORDS: usize>(&self, words: [u64; WORDS]) -> &'a [u64; WORDS];
}

impl<'a, S: Subject> Sink<'a> for &'a S {
    #[inline(always)]
    fn put<const WORDS: usize>(&self, words: [u64; WORDS]) -> &'a [u64; WORDS] {
        self.alloc(words)
    }
}

impl<'a> Sink<'a> for &Scope<'a> {
    #[inline(always)]
    fn put<const WORDS: usize>(&self, words: [u64; WORDS]) -> &'a [u64; WORDS] {
        self.alloc(words)
    }
}

/// Puts objects of 24, 40 and 56 bytes into `sink`, up to `bytes`; returns the first object's word and what was asked for.
#[inline(always)]
pub fn fill<'a>(sink: impl Sink<'a>, bytes: usize, seed: u64) -> (&'a u64, usize) {
    let mut rng = Rng::new(seed);
    let mut requested = 24;
    let first = &sink.put([seed, 0, 0])[0];
    while requested + 24 <= bytes {
        let kind = rng.next_u64();
        requested += match kind % 4 {
            0 if requested + 56 <= bytes => size_of_val(black_box(sink.put([kind; 7]))),
            1 if requested + 40 <= bytes => size_of_val(black_box(sink.put([kind; 5]))),
            _ => size_of_val(black_box(sink.put([kind; 3]))),
        };
    }
    (first, requested)
}

/// A whole arena kept alive: what the peers offer.
pub struct KeptArena<S> {
    /// Points into `arena`; read only while the arena lives.
    first: *const u64,
    arena: Box<S>,
}

impl<S: Subject> Retained for KeptArena<S> {
    fn build(bytes: usize, seed: u64) -> (Self, usize) {
        let arena = Box::new(S::with_capacity(0));
        let (first, requested) = fill(&*arena, bytes, seed);
        let first: *const u64 = first;
        (Self { first, arena }, requested)
    }

    fn probe(&self) -> u64 {
        // SAFETY: must point at a live, initialised u64. `fill` made it in the arena, which lives as long as `self` and is not reset.
        unsafe { *self.first }
    }

    fn held_bytes(&self) -> Option<usize> {
        Some(self.arena.reserved_bytes())
    }
}

/// A sealed result: what compiler-alloc offers. It gives the unused rest of its memory to the next result.
pub struct SealedWord(Sealed<FirstWord>);

/// The first word of a filled arena.
struct FirstWord;

impl Family for FirstWord {
    type Of<'a> = &'a u64;
    fn shorten<'s, 'l: 's>(long: &'s &'l u64) -> &'s &'s u64 {
        long
    }
}

impl Retained for SealedWord {
    fn build(bytes: usize, seed: u64) -> (Self, usize) {
        let mut requested = 0;
        let sealed = Sealed::build(|builder| {
            let (first, bytes) = fill(&*builder, bytes, seed);
            requested = bytes;
            first
        });
        (Self(sealed), requested)
    }

    fn probe(&self) -> u64 {
        **self.0.get()
    }

    fn held_bytes(&self) -> Option<usize> {
        None
    }

    /// By the statistics of the process's span backend: all memory that is in use, whoever uses it, idle memory apart.
    fn held_by_all() -> Option<usize> {
        Some(compiler_internal::stats().held_bytes())
    }
}

#[cfg(all(test, feature = "peers"))]
mod tests {
    use super::*;

    #[test]
    fn every_subject_is_asked_for_the_same_bytes() {
        let mix = Mix { results: 50, bytes_min: 500, bytes_max: 3_500 };
        let bumpalo = run::<KeptArena<bumpalo::Bump>>(mix, || 0);
        let oxc = run::<KeptArena<oxc_allocator::Allocator>>(mix, || 0);
        assert_eq!(
            (bumpalo.requested, bumpalo.live_requested),
            (oxc.requested, oxc.live_requested),
            "the workload must not depend on the subject"
        );
        assert!(bumpalo.live_requested < bumpalo.requested / 5);
        assert!(bumpalo.held >= bumpalo.requested);
    }
}
