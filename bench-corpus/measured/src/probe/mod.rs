//! Probes: one function a subject and case, never inlined, whose executed instructions are counted.
//!
//! A probe is an `extern "C"` function whose body is one operation as a user would write it. Its twin is the same function on
//! [`crate::subjects::Nothing`]; what the probe executes beyond its twin is the cost of the operation.

pub mod c_face;
mod cases;
mod command_line;
pub(crate) mod drive;
mod heap;
mod own;
#[cfg(feature = "arena-peers")]
mod pools;
mod profiles;

pub use cases::{ARENA_CASES, Case, Face, NOTHING, ProbeShape, all, find, run, subjects};
pub use command_line::main;
pub use drive::{Driver, WARM_CALLS};
pub use own::OWN_CASES;
