//! The interface of bumpalo 3.20.4 on compiler-alloc's spans.
//!
//! A program that allocates from `bumpalo::Bump` gets memory that stays warm between passes by one entry in its manifest:
//!
//! ```toml
//! [patch.crates-io]
//! bumpalo = { git = "https://github.com/compiler-alloc/compiler-alloc" }
//! ```
//!
//! Nothing else changes, except what the README of this package lists. What is described here is the effect of each item;
//! bumpalo's own documentation applies as well.
//!
//! ```
//! use bumpalo::Bump;
//!
//! let mut bump = Bump::new();
//! let name: &str = bump.alloc_str("main");
//! let pair = bump.alloc((name, 1));
//! pair.1 += 1;
//! assert_eq!(*pair, ("main", 2));
//! bump.reset();
//! ```
#![no_std]
#![cfg_attr(feature = "allocator_api", feature(allocator_api))]

#[cfg(feature = "collections")]
extern crate alloc as std_alloc;
#[cfg(feature = "std")]
extern crate std;

mod bump;
mod error;

#[cfg(feature = "boxed")]
pub mod boxed;
#[cfg(feature = "collections")]
pub mod collections;
#[cfg(all(feature = "serde", any(feature = "boxed", feature = "collections")))]
mod serialize;

pub use bump::{Bump, ChunkIter, ChunkRawIter};
pub use error::{AllocErr, AllocOrInitError};

/// A [`collections::Vec`] with the given elements, in the given arena: `vec![in &bump; 1, 2, 3]`, `vec![in &bump; 0; 10]`,
/// or `vec![in &bump]` for an empty one.
///
/// The form with a count takes a `Clone` element and evaluates it once.
///
/// ```
/// let bump = bumpalo::Bump::new();
/// assert_eq!(bumpalo::vec![in &bump; 7; 3], [7, 7, 7]);
/// ```
#[cfg(feature = "collections")]
#[macro_export]
macro_rules! vec {
    (in $bump:expr; $element:expr; $count:expr) => {{
        let count = $count;
        let mut vec = $crate::collections::Vec::with_capacity_in(count, $bump);
        vec.resize(count, $element);
        vec
    }};
    (in $bump:expr) => { $crate::collections::Vec::new_in($bump) };
    (in $bump:expr; $($element:expr),* $(,)?) => {{
        let bump = $bump;
        #[allow(unused_mut, reason = "there may be no element")]
        let mut vec = $crate::collections::Vec::with_capacity_in(0usize $(+ $crate::vec!(@one $element))*, bump);
        $( vec.push($element); )*
        vec
    }};
    (@one $element:expr) => { 1usize };
}

/// A [`collections::String`] in the given arena, formatted as `std::format!` does: `format!(in &bump, "{}_{}", a, b)`.
///
/// # Panics
///
/// If a `Display` implementation answers an error.
///
/// ```
/// let bump = bumpalo::Bump::new();
/// assert_eq!(bumpalo::format!(in &bump, "{}_{}", "block", 7), "block_7");
/// ```
#[cfg(feature = "collections")]
#[macro_export]
macro_rules! format {
    (in $bump:expr, $($argument:tt)*) => {{
        use ::core::fmt::Write as _;
        let mut text = $crate::collections::String::new_in($bump);
        text.write_fmt(::core::format_args!($($argument)*)).expect("a formatting implementation answers no error");
        text
    }};
}
