//! Compiler-internal arenas and general heap profiles on one span backend.
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
    not(feature = "std"),
    allow(dead_code, reason = "sessions, which use some parts alone, belong to the std layer")
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
};
#[cfg(feature = "std")]
pub use arena::{Pass, Round, Session, Worker};

/// The example of the README, compiled and run.
#[cfg(all(doctest, feature = "std"))]
#[doc = include_str!("../../README.md")]
struct Readme;

/// The guide to the test fixture, compiled and run.
#[cfg(all(doctest, feature = "std", feature = "test-fixture"))]
#[doc = include_str!("../../docs/test-fixture.md")]
struct TestFixtureGuide;

/// The example of the page on profile `realtime`, compiled and run.
#[cfg(all(doctest, feature = "std", target_pointer_width = "64"))]
#[doc = include_str!("../../docs/realtime.md")]
struct RealtimePage;
