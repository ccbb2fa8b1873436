//! typed-arena: values of one type, so it runs the workloads whose objects all have 24 bytes.

use std::mem::MaybeUninit;

use super::Values;

/// What an object of these workloads takes.
type Words = MaybeUninit<[u64; 3]>;

/// An arena of typed-arena.
pub struct TypedWords(typed_arena::Arena<Words>);

impl Values for TypedWords {
    fn empty() -> Self {
        Self(typed_arena::Arena::new())
    }

    #[inline(always)]
    fn put<T: Copy>(&self, value: T) -> &T {
        const { assert!(size_of::<T>() == size_of::<Words>() && align_of::<T>() == align_of::<Words>()) };
        // SAFETY: sizes must be equal, and any bytes a value; the line above compares the sizes, and `MaybeUninit` takes any bytes.
        let place = self.0.alloc(unsafe { std::mem::transmute_copy::<T, Words>(&value) });
        // SAFETY: must point to an initialised `T` that nobody changes; its bytes were stored just now, with its alignment, and the
        // unique reference to them ends here.
        unsafe { &*place.as_ptr().cast::<T>() }
    }
}
