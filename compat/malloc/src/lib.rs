//! The heap profile `hosted-small` as `malloc`, `free` and the C++ operators.
//!
//! Loaded by `LD_PRELOAD`, or linked before the C library, it answers every allocation of a program. Nothing here
//! allocates: the functions check what the standards ask them to check, and pass on to
//! [`hosted_small`](compiler_alloc::profile::hosted_small).
//!
//! Where the standards leave a choice, it is glibc's, because the programs that run under this library were written
//! against it: `malloc(0)` gives a block of its own, `realloc(pointer, 0)` frees and gives null.

mod aligned;
mod environment;
mod errno;
mod operators;
mod process;
mod standard;
mod statistics;
