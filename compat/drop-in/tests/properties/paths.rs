//! Every public method by its path, in the order of the lists that `surface.py` makes: `names.rs` fails if one is missing.

use std::any::Any;
use std::ops::Range;

use bumpalo::Bump;
use bumpalo::boxed::Box;
use bumpalo::collections::string::FromUtf8Error;
use bumpalo::collections::vec::IntoIter;
use bumpalo::collections::{CollectIn, FromIteratorIn, String, Vec};
use typed_arena::Arena;

/// Names each of these, which must be a method for that.
macro_rules! exist {
    ($($path:expr),* $(,)?) => { $( let _ = $path; )* };
}

#[test]
fn methods_of_an_arena() {
    exist!(
        Bump::<1>::alloc::<u8>,
        Bump::<1>::alloc_layout,
        Bump::<1>::alloc_slice_clone::<u8>,
        Bump::<1>::alloc_slice_copy::<u8>,
        Bump::<1>::alloc_slice_fill_clone::<u8>,
        Bump::<1>::alloc_slice_fill_copy::<u8>,
        Bump::<1>::alloc_slice_fill_default::<u8>,
        Bump::<1>::alloc_slice_fill_iter::<u8, [u8; 2]>,
        Bump::<1>::alloc_slice_fill_with::<u8, fn(usize) -> u8>,
        Bump::<1>::alloc_slice_try_fill_iter::<u8, [Result<u8, ()>; 2], ()>,
        Bump::<1>::alloc_slice_try_fill_with::<u8, fn(usize) -> Result<u8, ()>, ()>,
        Bump::<1>::alloc_str,
        Bump::<1>::alloc_try_with::<fn() -> Result<u8, ()>, u8, ()>,
        Bump::<1>::alloc_with::<fn() -> u8, u8>,
        Bump::<1>::allocated_bytes,
        Bump::<1>::allocated_bytes_including_metadata,
        Bump::<1>::allocation_limit,
        Bump::<1>::chunk_capacity,
        Bump::<1>::iter_allocated_chunks,
        Bump::<1>::min_align,
        Bump::<1>::new,
        Bump::<1>::reset,
        Bump::<1>::set_allocation_limit,
        Bump::<1>::try_alloc::<u8>,
        Bump::<1>::try_alloc_layout,
        Bump::<1>::try_alloc_slice_clone::<u8>,
        Bump::<1>::try_alloc_slice_copy::<u8>,
        Bump::<1>::try_alloc_slice_fill_clone::<u8>,
        Bump::<1>::try_alloc_slice_fill_copy::<u8>,
        Bump::<1>::try_alloc_slice_fill_default::<u8>,
        Bump::<1>::try_alloc_slice_fill_iter::<u8, [u8; 2]>,
        Bump::<1>::try_alloc_slice_fill_with::<u8, fn(usize) -> u8>,
        Bump::<1>::try_alloc_str,
        Bump::<1>::try_alloc_try_with::<fn() -> Result<u8, ()>, u8, ()>,
        Bump::<1>::try_alloc_with::<fn() -> u8, u8>,
        Bump::<1>::try_new,
        Bump::<1>::try_with_capacity,
        Bump::<16>::try_with_min_align_and_capacity,
        Bump::<1>::with_capacity,
        Bump::<16>::with_min_align,
        Bump::<16>::with_min_align_and_capacity,
        Bump::<1>::iter_allocated_chunks_raw,
    );
}

#[test]
fn methods_of_a_box() {
    exist!(
        Box::<dyn Any + Send>::downcast::<u8>,
        Box::<dyn Any>::downcast::<u8>,
        Box::<[u8]>::from_iter_in::<[u8; 2]>,
        Box::<u8>::into_inner,
        Box::<u8>::into_raw,
        Box::<u8>::leak,
        Box::<u8>::new_in,
        Box::<u8>::pin_in,
        Box::<u8>::from_raw,
    );
}

#[test]
fn methods_of_a_text() {
    exist!(
        String::as_bytes,
        String::as_mut_str,
        String::as_str,
        String::bump,
        String::capacity,
        String::clear,
        String::drain::<Range<usize>>,
        String::from_iter_in::<[char; 2]>,
        String::from_str_in,
        String::from_utf16_in,
        String::from_utf8,
        String::from_utf8_lossy_in,
        String::insert,
        String::insert_str,
        String::into_bump_str,
        String::into_bytes,
        String::is_empty,
        String::len,
        String::new_in,
        String::pop,
        String::push,
        String::push_str,
        String::remove,
        String::replace_range::<Range<usize>>,
        String::reserve,
        String::reserve_exact,
        String::retain::<fn(char) -> bool>,
        String::shrink_to_fit,
        String::split_off,
        String::truncate,
        String::with_capacity_in,
        String::as_mut_vec,
        String::from_raw_parts_in,
        String::from_utf8_unchecked,
    );
}

#[test]
fn methods_of_a_vector() {
    exist!(
        Vec::<u8>::append,
        Vec::<u8>::as_mut_ptr,
        Vec::<u8>::as_mut_slice,
        Vec::<u8>::as_ptr,
        Vec::<u8>::as_slice,
        Vec::<u8>::bump,
        Vec::<u8>::capacity,
        Vec::<u8>::clear,
        Vec::<u8>::dedup,
        Vec::<u8>::dedup_by::<fn(&mut u8, &mut u8) -> bool>,
        Vec::<u8>::dedup_by_key::<fn(&mut u8) -> u8, u8>,
        Vec::<u8>::drain::<Range<usize>>,
        Vec::<u8>::drain_filter::<fn(&mut u8) -> bool>,
        Vec::<u8>::extend_from_slice,
        Vec::<u8>::extend_from_slice_copy,
        Vec::<u8>::extend_from_slices_copy,
        Vec::<u8>::from_iter_in::<[u8; 2]>,
        Vec::<u8>::insert,
        Vec::<u8>::into_boxed_slice,
        Vec::<u8>::into_bump_slice,
        Vec::<u8>::into_bump_slice_mut,
        Vec::<u8>::is_empty,
        Vec::<u8>::len,
        Vec::<u8>::new_in,
        Vec::<u8>::pop,
        |vec: &mut Vec<u8>, test: fn(&mut u8) -> bool| Vec::<u8>::pop_if(vec, test),
        Vec::<u8>::push,
        Vec::<u8>::remove,
        Vec::<u8>::reserve,
        Vec::<u8>::reserve_exact,
        Vec::<u8>::resize,
        Vec::<u8>::retain::<fn(&u8) -> bool>,
        Vec::<u8>::retain_mut::<fn(&mut u8) -> bool>,
        Vec::<u8>::shrink_to_fit,
        Vec::<u8>::splice::<Range<usize>, [u8; 2]>,
        Vec::<u8>::split_off,
        Vec::<u8>::swap_remove,
        Vec::<u8>::truncate,
        Vec::<u8>::try_reserve,
        Vec::<u8>::try_reserve_exact,
        Vec::<u8>::with_capacity_in,
        Vec::<u8>::from_raw_parts_in,
        Vec::<u8>::set_len,
    );
}

#[test]
fn methods_of_everything_else() {
    exist!(
        <std::vec::IntoIter<u8> as CollectIn>::collect_in::<Vec<u8>>,
        <Vec<u8> as FromIteratorIn<u8>>::from_iter_in::<[u8; 2]>,
        FromUtf8Error::as_bytes,
        FromUtf8Error::into_bytes,
        FromUtf8Error::utf8_error,
        IntoIter::<u8>::as_mut_slice,
        IntoIter::<u8>::as_slice,
        Arena::<u8>::alloc,
        Arena::<u8>::alloc_extend::<[u8; 2]>,
        Arena::<u8>::alloc_str,
        Arena::<u8>::into_vec,
        Arena::<u8>::iter_mut,
        Arena::<u8>::len,
        Arena::<u8>::new,
        Arena::<u8>::reserve_extend,
        Arena::<u8>::uninitialized_array,
        Arena::<u8>::with_capacity,
        Arena::<u8>::alloc_uninitialized,
    );
}
