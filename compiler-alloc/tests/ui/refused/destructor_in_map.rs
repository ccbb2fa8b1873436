//! Nor the values of a map.
use compiler_alloc::ArenaMap;

fn main() {
    let map: ArenaMap<u32, String> = ArenaMap::new();
    assert!(map.is_empty());
}
