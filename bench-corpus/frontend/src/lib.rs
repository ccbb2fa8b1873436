//! The C frontend over several memories, each with several global allocators below: a program a pair, from this one source.
//!
//! `bench-corpus frontend --share` builds the package alone, with profile `measured`, runs the programs in turn and shows what the
//! allocator's share of each pass is.

pub mod below;
pub mod boxes;
pub mod counted;
pub mod worker;

#[cfg(test)]
mod tests;
