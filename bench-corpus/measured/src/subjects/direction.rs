//! In which direction an arena should bump: three arenas over one block of memory that differ in nothing else, and cannot grow. Behind the
//! decision `bump-down`; measured with `bench-corpus step --case ast` and its like, feature `arena-peers`.
//!
//! | arena | values | a vector that is the newest grows |
//! |---|---|---|
//! | [`Down`] | downward | in place, its items move down |
//! | [`Up`] | upward | in place, nothing moves |
//! | [`TwoEnded`] | downward | in place at the low end, nothing moves |

use std::alloc::Layout;
use std::cell::{Cell, UnsafeCell};
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use super::Subject;

/// What every object is aligned to at least.
const MIN_ALIGN: usize = 8;

/// The free memory of an arena: `[low, high)`, both multiples of [`MIN_ALIGN`].
pub struct Window {
    low: Cell<*mut u8>,
    high: Cell<*mut u8>,
}

/// Where objects and vectors are placed. All answers are `None` where the window has no room.
pub trait Direction {
    /// Room for an object.
    fn place(window: &Window, size: usize, align: usize) -> Option<*mut u8>;

    /// Room for the first items of a vector.
    fn begin(window: &Window, size: usize) -> Option<*mut u8> {
        Self::place(window, size, MIN_ALIGN)
    }

    /// Makes `old` bytes at `at` to `new`, without leaving the old ones behind: where they begin now.
    ///
    /// # Safety
    ///
    /// - `old` bytes at `at` were handed out by this window, and nothing else uses them.
    unsafe fn grow(window: &Window, at: *mut u8, old: usize, new: usize) -> Option<*mut u8>;
}

/// Takes from the high end.
#[inline(always)]
fn take_high(window: &Window, size: usize, align: usize) -> Option<*mut u8> {
    let high = window.high.get();
    // SAFETY: the condition must hold; it is the invariant of the field.
    unsafe { std::hint::assert_unchecked(high.addr() & (MIN_ALIGN - 1) == 0) };
    let mask = align.wrapping_neg() & MIN_ALIGN.wrapping_neg();
    let at = high.wrapping_sub(size).map_addr(|address| address & mask);
    if (at.addr().wrapping_sub(window.low.get().addr()) as isize) < 0 {
        return None;
    }
    window.high.set(at);
    Some(at)
}

/// Takes from the low end.
#[inline(always)]
fn take_low(window: &Window, size: usize, align: usize) -> Option<*mut u8> {
    let low = window.low.get();
    // SAFETY: the condition must hold; it is the invariant of the field.
    unsafe { std::hint::assert_unchecked(low.addr() & (MIN_ALIGN - 1) == 0) };
    let at = low.map_addr(|address| (address + (align - 1)) & align.wrapping_neg());
    let end =
        at.wrapping_add(size).map_addr(|address| (address + (MIN_ALIGN - 1)) & MIN_ALIGN.wrapping_neg());
    if (window.high.get().addr().wrapping_sub(end.addr()) as isize) < 0 {
        return None;
    }
    window.low.set(end);
    Some(at)
}

/// If the bytes end at the low end, makes them longer there.
#[inline(always)]
fn grow_low(window: &Window, at: *mut u8, old: usize, new: usize) -> Option<*mut u8> {
    let end = at.wrapping_add(old).map_addr(|address| (address + (MIN_ALIGN - 1)) & MIN_ALIGN.wrapping_neg());
    if end != window.low.get() {
        return None;
    }
    take_low(window, new - (end.addr() - at.addr()), 1).map(|_| at)
}

/// Everything downward.
pub struct Downward;

impl Direction for Downward {
    #[inline(always)]
    fn place(window: &Window, size: usize, align: usize) -> Option<*mut u8> {
        take_high(window, size, align)
    }

    #[inline(always)]
    unsafe fn grow(window: &Window, at: *mut u8, old: usize, new: usize) -> Option<*mut u8> {
        if window.high.get() != at {
            return None;
        }
        let room = take_high(window, new - old, MIN_ALIGN)?;
        // SAFETY: both ranges must be valid for the old bytes; the room reaches from its beginning over them. They may overlap.
        unsafe { std::ptr::copy(at, room, old) };
        Some(room)
    }
}

/// Everything upward.
pub struct Upward;

impl Direction for Upward {
    #[inline(always)]
    fn place(window: &Window, size: usize, align: usize) -> Option<*mut u8> {
        take_low(window, size, align)
    }

    #[inline(always)]
    unsafe fn grow(window: &Window, at: *mut u8, old: usize, new: usize) -> Option<*mut u8> {
        grow_low(window, at, old, new)
    }
}

/// Values downward, vectors upward.
pub struct BothWays;

impl Direction for BothWays {
    #[inline(always)]
    fn place(window: &Window, size: usize, align: usize) -> Option<*mut u8> {
        take_high(window, size, align)
    }

    #[inline(always)]
    fn begin(window: &Window, size: usize) -> Option<*mut u8> {
        take_low(window, size, MIN_ALIGN)
    }

    #[inline(always)]
    unsafe fn grow(window: &Window, at: *mut u8, old: usize, new: usize) -> Option<*mut u8> {
        grow_low(window, at, old, new)
    }
}

/// An arena over one block, in the direction `D`.
pub struct Block<D> {
    window: Window,
    memory: Box<[UnsafeCell<MaybeUninit<u64>>]>,
    direction: PhantomData<D>,
}

/// Bumps down.
pub type Down = Block<Downward>;
/// Bumps up.
pub type Up = Block<Upward>;
/// Values down from the high end, vectors up from the low end.
pub type TwoEnded = Block<BothWays>;

/// A vector in the shape of `ArenaVec`: sixteen bytes, and told its arena.
pub struct List<'a, T> {
    first: *mut T,
    len: u32,
    capacity: u32,
    items: PhantomData<&'a [T]>,
}

impl<D: Direction> Block<D> {
    #[inline(always)]
    fn room(&self, size: usize, align: usize) -> *mut u8 {
        D::place(&self.window, size, align).unwrap_or_else(|| full())
    }

    #[inline(never)]
    fn grow<T>(&self, list: &mut List<'_, T>) {
        let capacity = if list.capacity == 0 { 4 } else { 2 * list.capacity };
        let (old, new) = (list.capacity as usize * size_of::<T>(), capacity as usize * size_of::<T>());
        // SAFETY: the bytes must be this window's and used by nobody else; `begin` or `grow` handed them out for this list.
        let grow = || unsafe { D::grow(&self.window, list.first.cast(), old, new) };
        let in_place = if old == 0 { None } else { grow() };
        let room = in_place.unwrap_or_else(|| {
            let room = D::begin(&self.window, new).unwrap_or_else(|| full());
            // SAFETY: both ranges must be valid for the old bytes and not overlap; the room was just taken.
            unsafe { room.copy_from_nonoverlapping(list.first.cast(), old) };
            room
        });
        list.first = room.cast();
        list.capacity = capacity;
    }
}

#[cold]
#[inline(never)]
fn full() -> ! {
    panic!("the block is full")
}

impl<D: Direction> Subject for Block<D> {
    type List<'a, T: Copy + 'a>
        = List<'a, T>
    where
        D: 'a;

    fn with_capacity(bytes: usize) -> Self {
        let memory: Box<[_]> =
            (0..bytes.max(64) / 8).map(|_| UnsafeCell::new(MaybeUninit::uninit())).collect();
        let window = Window { low: Cell::new(std::ptr::null_mut()), high: Cell::new(std::ptr::null_mut()) };
        let mut block = Self { window, memory, direction: PhantomData };
        block.reset();
        block
    }

    #[inline(always)]
    fn alloc<T: Copy>(&self, value: T) -> &T {
        let place = self.room(size_of::<T>(), align_of::<T>()).cast::<T>();
        // SAFETY: must be valid, aligned and unused; the room was just taken for this type.
        unsafe { place.write(value) };
        // SAFETY: must be initialised and unchanged while borrowed; it was written, and is handed out once.
        unsafe { &*place }
    }

    #[inline(always)]
    fn alloc_layout(&self, layout: Layout) -> NonNull<u8> {
        // SAFETY: must not be null; rooms lie in the block.
        unsafe { NonNull::new_unchecked(self.room(layout.size(), layout.align())) }
    }

    #[inline(always)]
    fn alloc_str(&self, text: &str) -> &str {
        let bytes = self.alloc_slice_copy(text.as_bytes());
        // SAFETY: must be UTF-8. A copy of a `str`.
        unsafe { std::str::from_utf8_unchecked(bytes) }
    }

    #[inline(always)]
    fn alloc_slice_copy<T: Copy>(&self, items: &[T]) -> &[T] {
        let room = self.room(size_of_val(items), align_of::<T>()).cast::<T>();
        // SAFETY: must be valid for the items and not overlap; the room was just taken for them.
        unsafe { room.copy_from_nonoverlapping(items.as_ptr(), items.len()) };
        // SAFETY: must be initialised and unchanged while borrowed; it was written, and is handed out once.
        unsafe { std::slice::from_raw_parts(room, items.len()) }
    }

    #[inline(always)]
    fn list<'a, T: Copy + 'a>(&'a self) -> List<'a, T> {
        const { assert!(align_of::<T>() <= MIN_ALIGN) };
        List { first: NonNull::dangling().as_ptr(), len: 0, capacity: 0, items: PhantomData }
    }

    #[inline(always)]
    fn push<'a, T: Copy + 'a>(&'a self, list: &mut List<'a, T>, item: T) {
        if list.len == list.capacity {
            self.grow(list);
        }
        // SAFETY: the offset must stay inside the room; the length is below the capacity.
        let place = unsafe { list.first.add(list.len as usize) };
        // SAFETY: must be valid, aligned and unused; it is behind the last item.
        unsafe { place.write(item) };
        list.len += 1;
    }

    #[inline(always)]
    fn freeze<'a, T: Copy + 'a>(&'a self, list: List<'a, T>) -> &'a [T] {
        // SAFETY: must be initialised and unchanged while borrowed; each push wrote one, and the list is gone.
        unsafe { std::slice::from_raw_parts(list.first, list.len as usize) }
    }

    fn reset(&mut self) {
        let low = self.memory.as_mut_ptr().cast::<u8>();
        self.window.low.set(low);
        self.window.high.set(low.wrapping_add(self.memory.len() * 8));
    }

    fn reserved_bytes(&self) -> usize {
        self.memory.len() * 8
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::ast;

    fn builds<S: Subject>() -> (usize, usize, String) {
        let arena = S::with_capacity(1 << 16);
        let root = ast::build(&arena, &ast::shapes(ast::SEED, 50));
        (root.children.len(), root.attributes.len(), format!("{:?}", root.attributes))
    }

    #[test]
    fn all_directions_build_the_tree_that_the_library_builds() {
        let expected = builds::<compiler_alloc::Arena>();
        assert_eq!(expected, builds::<Down>());
        assert_eq!(expected, builds::<Up>());
        assert_eq!(expected, builds::<TwoEnded>());
    }

    #[test]
    fn a_vector_grows_beside_values_without_touching_them() {
        fn check<S: Subject>() {
            let arena = S::with_capacity(1 << 12);
            let mut list = arena.list();
            let mut values = Vec::new();
            for number in 0..40_u64 {
                arena.push(&mut list, number);
                if number % 7 == 0 {
                    values.push((number, arena.alloc(number)));
                }
            }
            assert!(arena.freeze(list).iter().copied().eq(0..40));
            assert!(values.iter().all(|(number, value)| number == *value));
        }
        check::<Down>();
        check::<Up>();
        check::<TwoEnded>();
    }
}
