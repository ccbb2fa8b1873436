//! Another crate's collection in an arena cannot outlive what a reset forgets.
use compiler_alloc::Arena;

fn main() {
    let mut arena = Arena::new();
    let mut table = hashbrown::HashSet::new_in(&arena);
    table.insert(1);
    arena.reset();
    table.insert(2);
}
