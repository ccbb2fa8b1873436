//! Programs that use `malloc` the classic ways: one executable, `heap-workload`, that runs under whichever allocator is preloaded.
//!
//! The workloads are written after the published descriptions of well-known allocator benchmarks. Sizes, counts and seeds were fixed
//! before our heap existed. Every block is marked when it is taken and checked when it is given back ([`Block`]), so that an allocator
//! that hands out overlapping or moving memory fails instead of looking fast.

pub mod account;
pub mod block;
pub mod count;
pub mod limit;
pub mod release;
pub mod scale;
pub mod workload;

pub use block::Block;
pub use scale::Scale;
