//! What `bench-corpus` measures: subjects (ours and the peers), the workloads they run, and the probes the stepper follows.
//!
//! The package is built alone, with profile `measured`, so the machine code of its binaries is that of a release user:
//! - `fast-path-probe`: runs one probe between two markers for the stepper, or a number of times for callgrind;
//! - `arena-worker`, `arena-worker-mimalloc`: run one workload on one subject and say what it cost, the second with mimalloc
//!   as the global allocator;
//! - `fixed-worker`: runs one workload on one allocator in fixed storage;
//! - `realtime-probe`: steps single operations of profile `realtime` by itself.

pub mod fixed;
#[cfg(test)]
#[path = "../../../compiler-alloc/tests/it/own_process.rs"]
mod own_process;
pub mod probe;
pub mod rng;
pub mod subjects;
pub mod usage;
pub mod worker;
pub mod workload;
pub mod worst_case;
