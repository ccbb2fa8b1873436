//! Memory for compilers: arenas that stay warm between passes, and general heaps, on one span backend.
//!
//! Begin with [`Arena`] for one function, file or pass on one thread, [`ArenaPool`] for parallel passes, [`Sealed`] for a result that is
//! kept, and [`Session`] for passes with scratch, retained memory, accounts and budgets. What results are made of is [`ArenaVec`],
//! [`ArenaStr`] and [`ArenaMap`]. General heaps are in [`profile`].
//!
//! ```
//! use compiler_alloc::Arena;
//!
//! let mut arena: Arena = Arena::new();
//! for line in ["let x = 1", "let y = 2"] {
//!     let name = arena.alloc_str(&line[4..5]);
//!     let node = arena.alloc((&*name, line.len()));
//!     assert!(["x", "y"].contains(&node.0));
//!     // Everything is gone, the memory stays warm; a reference that lives on would not compile.
//!     arena.reset();
//! }
//! ```
//!
//! A failed call panics or, by its `try_` twin, returns a [`fault::Fault`] that says what was refused: nothing was published, and the next
//! call works once there is memory.
//!
//! The modules below stand in layer order: each names only modules before it. How it works, and why, says ARCHITECTURE.md.
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(feature = "allocator_api", feature(allocator_api))]
#![cfg_attr(
    not(all(feature = "std", target_os = "linux", not(loom))),
    allow(
        dead_code,
        reason = "some parts are used by sessions, which belong to the std layer, or by heaps of Linux alone; models have neither"
    )
)]

pub mod config;
mod counters;
pub mod fault;
mod metadata;
pub mod page_source;
pub mod size_class;
pub mod span;
mod sync;
pub mod units;

pub mod fixed_heap;
pub mod region;

pub mod arena;

#[cfg(target_pointer_width = "64")]
mod central;
#[cfg(target_pointer_width = "64")]
mod free_list;
#[cfg(target_pointer_width = "64")]
pub mod heap;
#[cfg(target_pointer_width = "64")]
mod remote_free;
#[cfg(target_pointer_width = "64")]
mod slab;
#[cfg(target_pointer_width = "64")]
mod transfer;

#[cfg(target_pointer_width = "64")]
pub mod actor;

pub mod profile;

pub mod stats;

pub mod diag;

pub use arena::{
    Arena, ArenaMap, ArenaPool, ArenaStr, ArenaVec, Family, PoolGuard, RawArena, ResetMode, Scope, Sealed,
    TypedArena,
};
#[cfg(feature = "std")]
pub use arena::{Pass, Round, Session, Worker};

/// The example of the README, compiled and run.
#[cfg(all(doctest, feature = "std"))]
#[doc = include_str!("../../README.md")]
struct Readme;

/// The guide to moving a compiler to arenas, compiled and run.
#[cfg(all(doctest, feature = "std"))]
#[doc = include_str!("../../docs/arenas.md")]
struct ArenaGuide;

/// The guide to the test fixture, compiled and run.
#[cfg(all(doctest, feature = "std", feature = "test-fixture"))]
#[doc = include_str!("../../docs/test-fixture.md")]
struct TestFixtureGuide;

/// The example of the page on profile `realtime`, compiled and run.
#[cfg(all(doctest, feature = "std", target_pointer_width = "64"))]
#[doc = include_str!("../../docs/realtime.md")]
struct RealtimePage;
