//! What a user of bumpalo and typed-arena relies on. Built twice, against the registry's packages and against ours: a test that
//! passes there and fails here is a bug of ours, or a difference that the README must list.

#![allow(missing_docs, reason = "tests")]
#![allow(
    dropping_references,
    dropping_copy_types,
    reason = "dropping is how a test says that it wants no result"
)]
#![allow(
    clippy::manual_is_multiple_of,
    clippy::mutable_key_type,
    clippy::nonminimal_bool,
    clippy::op_ref,
    clippy::type_complexity,
    clippy::unnecessary_filter_map,
    clippy::cmp_owned,
    clippy::write_literal,
    clippy::redundant_closure,
    reason = "comparing and formatting is what is tested"
)]

mod arena;
mod auto_traits;
mod boxed;
mod dependents;
mod exhaustion;
mod fallible;
mod limits;
mod names;
mod paths;
mod sequences;
mod strings;
mod tracked;
mod typed;
mod vec_model;
mod vec_panics;
mod vectors;
