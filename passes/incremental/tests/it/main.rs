//! Tests of the queries on small projects in memory and on disk.

mod cancel;
mod cold;
mod disk;
mod edits;
mod memory;
mod project;
mod watch;
