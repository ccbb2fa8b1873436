//! Collections whose buffers lie in an arena: `Vec` and `String`, and what collects an iterator into one.

mod buffer;
mod collect_in;
pub mod string;
pub mod vec;

pub use collect_in::{CollectIn, FromIteratorIn};
pub use string::String;
pub use vec::Vec;

use crate::AllocErr;
use core::alloc::LayoutError;

/// Why a collection could not get the room asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CollectionAllocErr {
    /// No memory could ever be as large: more than `isize::MAX` bytes.
    CapacityOverflow,
    /// Memory or the arena's limit is exhausted.
    AllocErr,
}

impl From<AllocErr> for CollectionAllocErr {
    fn from(_: AllocErr) -> Self {
        Self::AllocErr
    }
}

impl From<LayoutError> for CollectionAllocErr {
    fn from(_: LayoutError) -> Self {
        Self::CapacityOverflow
    }
}
