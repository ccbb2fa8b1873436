//! Behaviours of the library, one module each.

mod parts;
mod spans;
