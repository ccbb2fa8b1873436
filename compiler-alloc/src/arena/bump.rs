//! Pure bump arithmetic: integers in, integers out. Forbids unsafe, imports only `core`, and is compiled a second
//! time by
//! `tests/it/bump_arithmetic.rs` through `#[path]`, which checks every property below exhaustively on small ranges.
//!
//! A window is the free range `[lim, cur)`; allocating moves `cur` down.
//!
//! ```text
//!        lim            new             cur
//!  ───────┼──────────────┼───────────────┼──────
//!         │     free     │ size, padding │ used
//! ```
//!
//! The subtraction may wrap: an empty window may stand at any address, also near zero. The test that follows looks
//! at the *sign of the distance* `new - lim`, which is exact for every window of at most `isize::MAX` bytes whose
//! upper end is aligned to `min_align` and every size that `Layout` admits: the true distance then lies between
//! `isize::MIN` and the window's size, so it fits an `isize`.
#![forbid(unsafe_code)]

/// Where an object of `size` bytes goes in the window that ends at `cur`: below `cur`, aligned to `align` and to
/// `min_align`.
///
/// The result may lie below the window, or have wrapped around; ask [`fits`] before using it.
///
/// `align` and `min_align` are powers of two.
#[inline(always)]
pub const fn place(cur: usize, size: usize, align: usize, min_align: usize) -> usize {
    // `-x` is `!(x - 1)` for a power of two; the intersection of two such masks is the mask of the larger.
    cur.wrapping_sub(size) & align.wrapping_neg() & min_align.wrapping_neg()
}

/// Whether a position that [`place`] gave lies in the window that begins at `lim`. One comparison.
#[inline(always)]
pub const fn fits(new: usize, lim: usize) -> bool {
    new.wrapping_sub(lim) as isize >= 0
}

/// [`place`] and [`fits`] in one: the new position, if the window has room.
pub const fn place_within(
    cur: usize,
    lim: usize,
    size: usize,
    align: usize,
    min_align: usize,
) -> Option<usize> {
    debug_assert!(align.is_power_of_two() && min_align.is_power_of_two());
    let new = place(cur, size, align, min_align);
    if !fits(new, lim) {
        return None;
    }
    debug_assert!(new <= cur);
    debug_assert!(new >= lim);
    debug_assert!(cur - new >= size);
    debug_assert!(new.is_multiple_of(align) && new.is_multiple_of(min_align));
    debug_assert!(cur - new - size < if align > min_align { align } else { min_align });
    Some(new)
}

/// The largest number of bytes an object of `size` and `align` can take from a window: its size and the worst
/// padding.
///
/// `None` if that exceeds `isize::MAX`.
pub const fn worst_case(size: usize, align: usize, min_align: usize) -> Option<usize> {
    let align = if align > min_align { align } else { min_align };
    match size.checked_add(align - 1) {
        Some(bytes) if bytes <= isize::MAX as usize => Some(bytes),
        _ => None,
    }
}

/// The window's lower end when only `allowance` more bytes may be used: raised above `bottom` if the allowance ends
/// first.
///
/// The result is at most `allowance` below `cur` and keeps `cur`'s alignment to `min_align`.
pub const fn raised_limit(cur: usize, bottom: usize, allowance: usize, min_align: usize) -> usize {
    debug_assert!(bottom <= cur);
    let free = cur - bottom;
    if allowance >= free { bottom } else { cur - (allowance & min_align.wrapping_neg()) }
}

/// `bytes` rounded up to a multiple of `align`, a power of two; `None` if that overflows.
pub const fn round_up(bytes: usize, align: usize) -> Option<usize> {
    match bytes.checked_add(align - 1) {
        Some(sum) => Some(sum & align.wrapping_neg()),
        None => None,
    }
}

/// `address` rounded down to a multiple of `align`, a power of two.
pub const fn round_down(address: usize, align: usize) -> usize {
    address & align.wrapping_neg()
}

// Spot checks that must hold before anything else compiles; the exhaustive ones are in the test named above.
const _: () = {
    assert!(place(1000, 24, 8, 8) == 976);
    assert!(place(1000, 1, 1, 8) == 992);
    assert!(place(1000, 3, 1, 1) == 997);
    assert!(place(1000, 8, 64, 8) == 960);
    assert!(place(8, 24, 8, 8) == usize::MAX - 15);
    assert!(fits(976, 976) && fits(976, 8) && !fits(976, 977));
    // Empty windows refuse every object, wherever they stand and however large the object is.
    assert!(!fits(place(8, 24, 8, 8), 8));
    assert!(!fits(place(8, isize::MAX as usize - 7, 8, 8), 8));
    assert!(!fits(place(isize::MAX as usize & !7, isize::MAX as usize - 7, 8, 8), isize::MAX as usize & !7));
    assert!(matches!(place_within(1000, 900, 24, 8, 8), Some(976)));
    assert!(place_within(1000, 984, 24, 8, 8).is_none());
    assert!(matches!(worst_case(24, 8, 8), Some(31)));
    assert!(worst_case(isize::MAX as usize, 8, 8).is_none());
    assert!(raised_limit(1000, 900, 100, 8) == 900);
    assert!(raised_limit(1000, 900, 20, 8) == 984);
    assert!(raised_limit(1000, 900, 0, 8) == 1000);
    assert!(matches!(round_up(17, 16), Some(32)) && round_up(usize::MAX, 16).is_none());
    assert!(round_down(31, 16) == 16);
};
