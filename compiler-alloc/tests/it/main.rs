//! Behaviours of the library, one module each.

mod arena;
mod arena_memory;
mod parts;
mod spans;
