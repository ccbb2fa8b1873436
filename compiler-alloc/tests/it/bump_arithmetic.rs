//! The bump arithmetic, compiled a second time and compared with a plain search on every small input.

#[path = "../../src/arena/bump.rs"]
#[allow(dead_code, reason = "the arena uses the rest")]
mod bump;

/// The highest position with the wanted properties, found by trying each.
fn search(cur: usize, lim: usize, size: usize, align: usize) -> Option<usize> {
    (lim..=cur).rev().find(|at| at.is_multiple_of(align) && cur - at >= size)
}

#[test]
fn placing_agrees_with_a_search_on_all_small_windows() {
    let mut placed = 0;
    for min_align in [1, 2, 4, 8, 16] {
        for align in [1, 2, 4, 8, 16, 32] {
            for lim in 1..48_usize {
                for cur in (lim.next_multiple_of(min_align)..=96).step_by(min_align) {
                    for size in 0..=100 {
                        let found = bump::place_within(cur, lim, size, align, min_align);
                        assert_eq!(
                            found,
                            search(cur, lim, size, align.max(min_align)),
                            "{cur} {lim} {size} {align} {min_align}"
                        );
                        placed += usize::from(found.is_some());
                    }
                }
            }
        }
    }
    assert!(placed > 100_000);
}

#[test]
fn no_size_that_a_layout_admits_fits_a_window_it_exceeds() {
    let tops = [16, 64, 1 << 20, (1 << 47) - 16, isize::MAX as usize & !15, usize::MAX & !15];
    for cur in tops {
        for window in [0, 16, 1 << 16] {
            let Some(lim) = cur.checked_sub(window) else { continue };
            for align in [1_usize, 8, 4096] {
                for short in 0..40 {
                    let size = isize::MAX as usize - (align - 1) - short;
                    assert!(
                        !bump::fits(bump::place(cur, size, align, 8), lim),
                        "{cur:x} {window} {align} {size:x}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_raised_limit_never_admits_more_than_the_allowance() {
    for min_align in [1, 8, 16] {
        for bottom in 16..64_usize {
            for cur in (bottom.next_multiple_of(min_align)..160).step_by(min_align) {
                for allowance in 0..200 {
                    let lim = bump::raised_limit(cur, bottom, allowance, min_align);
                    assert!(bottom <= lim && lim <= cur && cur - lim <= allowance);
                    assert!(lim == bottom || lim.is_multiple_of(min_align));
                    assert!(
                        lim == bottom || cur - lim + min_align > allowance,
                        "nothing is refused without need"
                    );
                }
            }
        }
    }
}

#[test]
fn the_worst_case_covers_every_position() {
    for min_align in [1, 8, 16] {
        for align in [1, 8, 64] {
            for size in 0..200 {
                let worst = bump::worst_case(size, align, min_align).unwrap();
                for cur in (1024..1024 + 2 * 64).step_by(min_align) {
                    assert!(bump::place_within(cur, cur - worst, size, align, min_align).is_some());
                }
            }
        }
    }
}
