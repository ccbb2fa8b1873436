//! Tests of the passes as a user meets them; a module per boundary.

mod any_input;
mod beside;
mod build;
mod check;
mod command;
mod data;
mod diagnostics;
mod gcc;
mod hostile;
mod input;
mod layouts;
mod limits;
mod line_ends;
mod no_panic;
mod sealed;
mod session;
mod streamed;
