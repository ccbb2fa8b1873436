//! `DrainFilter`: takes the values out of a vector that a closure picks.

use super::Vec;
use super::edit::Gap;
use core::fmt;

/// Takes the values out for which a closure answers `true`; see [`Vec::drain_filter`].
///
/// If the closure panics, the value that it was asked about is lost, without being dropped, as in the original, and those after it
/// stay.
pub struct DrainFilter<'a, 'bump: 'a, T: 'a + 'bump, F>
where
    F: FnMut(&mut T) -> bool,
{
    gap: Gap<'a, 'bump, T>,
    filter: F,
}

impl<'a, 'bump, T, F> DrainFilter<'a, 'bump, T, F>
where
    F: FnMut(&mut T) -> bool,
{
    pub(super) fn new(vec: &'a mut Vec<'bump, T>, filter: F) -> Self {
        Self { gap: Gap::new(vec), filter }
    }
}

impl<T, F> Iterator for DrainFilter<'_, '_, T, F>
where
    F: FnMut(&mut T) -> bool,
{
    type Item = T;

    fn next(&mut self) -> Option<T> {
        while self.gap.remaining() > 0 {
            self.gap.in_doubt = true;
            let picked = self.gap.next().is_some_and(|value| (self.filter)(value));
            self.gap.in_doubt = false;
            if picked {
                return Some(self.gap.take());
            }
            self.gap.keep();
        }
        None
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.gap.remaining()))
    }
}

impl<T, F> Drop for DrainFilter<'_, '_, T, F>
where
    F: FnMut(&mut T) -> bool,
{
    fn drop(&mut self) {
        // The gap closes afterwards, also if a destructor or the closure panics here. After a panic the closure is not called
        // again.
        if !self.gap.in_doubt {
            self.for_each(drop);
        }
    }
}

impl<'a, 'bump: 'a, T: fmt::Debug + 'a + 'bump, F> fmt::Debug for DrainFilter<'a, 'bump, T, F>
where
    F: FnMut(&mut T) -> bool + fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DrainFilter")
            .field("remaining", &self.gap.remaining())
            .field("filter", &self.filter)
            .finish_non_exhaustive()
    }
}
