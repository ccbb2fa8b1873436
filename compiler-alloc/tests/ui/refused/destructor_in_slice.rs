//! Nor may the elements of a slice have one.
use compiler_alloc::Arena;

fn main() {
    let arena = Arena::new();
    arena.alloc_slice_fill_with(2, |index| vec![index]);
}
