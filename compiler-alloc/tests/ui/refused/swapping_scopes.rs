//! Two arenas must not change places while they have scopes: what one allocated would end with the other.
use compiler_alloc::Arena;

fn main() {
    let (mut one, mut other) = (Arena::new(), Arena::new());
    one.scope(|one| {
        other.scope(|other| {
            std::mem::swap(one, other);
        });
    });
}
