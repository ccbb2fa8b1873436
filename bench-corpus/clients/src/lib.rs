//! What the clients share: a client compiles its input again and again in one process, and says what each round cost.
//!
//! A program of this package is a compiler that others wrote and a few lines that call it. The package is built twice, as `registry`
//! and as `ours`, which differ in the `[patch]` section of the manifest alone; `bench-corpus clients` builds, runs and compares both.

mod digest;
mod files;
mod global;
mod rounds;
mod usage;

pub use digest::Digest;
pub use files::files_below;
pub use rounds::{Client, main};
