//! The tests of the drop-in packages, one source for two crates each; see README.md beside this folder.
//!
//! [`ARE_OURS`] says which side this build is.

/// Whether `bumpalo` and `typed-arena` are this repository's (package in `ours`) or the registry's (package in `registry`).
/// Where a test asks, the README names the difference.
pub const ARE_OURS: bool = cfg!(feature = "ours");
