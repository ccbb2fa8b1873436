//! Behaviours of the library, one module each.

mod arena;
mod arena_memory;
mod exhaustion;
mod fork;
mod give_back;
mod own_process;
mod parts;
mod rlimit;
mod shutdown;
mod spans;
mod threads;
