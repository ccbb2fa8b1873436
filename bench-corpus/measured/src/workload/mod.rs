//! What the subjects are made to do. Sizes and seeds are fixed here, before any tuning.

pub mod ast;
pub mod files;
pub mod passes;
pub mod retained;
