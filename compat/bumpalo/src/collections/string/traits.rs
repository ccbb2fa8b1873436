//! What makes a string a `str`, comparable, printable, extendable.

use super::String;
use core::borrow::{Borrow, BorrowMut};
use core::fmt;
use core::hash::{Hash, Hasher};
use core::ops::{
    Add, AddAssign, Deref, DerefMut, Index, IndexMut, Range, RangeFrom, RangeFull, RangeInclusive, RangeTo,
    RangeToInclusive,
};
use std_alloc::borrow::Cow;
use std_alloc::string::String as StdString;

impl Clone for String<'_> {
    fn clone(&self) -> Self {
        Self { vec: self.vec.clone() }
    }

    fn clone_from(&mut self, source: &Self) {
        self.clear();
        self.push_str(source);
    }
}

impl Extend<char> for String<'_> {
    fn extend<I: IntoIterator<Item = char>>(&mut self, iter: I) {
        let characters = iter.into_iter();
        self.reserve(characters.size_hint().0);
        characters.for_each(|character| self.push(character));
    }
}

impl<'a> Extend<&'a char> for String<'_> {
    fn extend<I: IntoIterator<Item = &'a char>>(&mut self, iter: I) {
        self.extend(iter.into_iter().copied());
    }
}

/// Appending what is text.
macro_rules! extend_by_text {
    ($([$($life:lifetime)?] $text:ty),* $(,)?) => { $(
        impl<$($life,)? 'bump> Extend<$text> for String<'bump> {
            fn extend<I: IntoIterator<Item = $text>>(&mut self, iter: I) {
                iter.into_iter().for_each(|text| self.push_str(&text));
            }
        }
    )* };
}

extend_by_text!(['a] &'a str, [] String<'bump>, [] StdString, ['a] Cow<'a, str>);

impl<'bump> PartialEq for String<'bump> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self[..] == other[..]
    }
}

/// Equality with what is text, both ways.
macro_rules! equal_text {
    ($([$($life:lifetime)?] $text:ty),* $(,)?) => { $(
        impl<$($life,)? 'bump> PartialEq<$text> for String<'bump> {
            #[inline]
            fn eq(&self, other: &$text) -> bool {
                self[..] == other[..]
            }
        }

        impl<$($life,)? 'bump> PartialEq<String<'bump>> for $text {
            #[inline]
            fn eq(&self, other: &String<'bump>) -> bool {
                self[..] == other[..]
            }
        }
    )* };
}

equal_text!([] str, ['a] &'a str, ['a] Cow<'a, str>, [] StdString);

impl fmt::Display for String<'_> {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl fmt::Debug for String<'_> {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl Hash for String<'_> {
    #[inline]
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (**self).hash(hasher);
    }
}

impl<'bump> Add<&str> for String<'bump> {
    type Output = String<'bump>;

    #[inline]
    fn add(mut self, other: &str) -> String<'bump> {
        self.push_str(other);
        self
    }
}

impl AddAssign<&str> for String<'_> {
    #[inline]
    fn add_assign(&mut self, other: &str) {
        self.push_str(other);
    }
}

/// Slices of the text.
macro_rules! index {
    ($($range:ty),* $(,)?) => { $(
        impl Index<$range> for String<'_> {
            type Output = str;

            #[inline]
            fn index(&self, index: $range) -> &str {
                &self.as_str()[index]
            }
        }

        impl IndexMut<$range> for String<'_> {
            #[inline]
            fn index_mut(&mut self, index: $range) -> &mut str {
                &mut self.as_mut_str()[index]
            }
        }
    )* };
}

index!(
    Range<usize>,
    RangeTo<usize>,
    RangeFrom<usize>,
    RangeFull,
    RangeInclusive<usize>,
    RangeToInclusive<usize>
);

impl Deref for String<'_> {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl DerefMut for String<'_> {
    #[inline]
    fn deref_mut(&mut self) -> &mut str {
        self.as_mut_str()
    }
}

impl AsRef<str> for String<'_> {
    #[inline]
    fn as_ref(&self) -> &str {
        self
    }
}

impl AsRef<[u8]> for String<'_> {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl fmt::Write for String<'_> {
    #[inline]
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push_str(text);
        Ok(())
    }

    #[inline]
    fn write_char(&mut self, character: char) -> fmt::Result {
        self.push(character);
        Ok(())
    }
}

impl Borrow<str> for String<'_> {
    #[inline]
    fn borrow(&self) -> &str {
        self
    }
}

impl BorrowMut<str> for String<'_> {
    #[inline]
    fn borrow_mut(&mut self) -> &mut str {
        self
    }
}
