//! Compiler-internal arenas and general heap profiles on one span backend.
#![cfg_attr(not(feature = "std"), no_std)]

pub mod config;
mod counters;
pub mod fault;
mod metadata;
pub mod page_source;
pub mod span;
mod sync;
pub mod units;

#[cfg(all(feature = "std", not(loom)))]
pub mod profile;
