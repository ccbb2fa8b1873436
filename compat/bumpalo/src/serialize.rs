//! `Serialize` for what owns data in an arena: as the data themselves.

use serde::ser::{Serialize, Serializer};

#[cfg(feature = "boxed")]
impl<T> Serialize for crate::boxed::Box<'_, T>
where
    T: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

#[cfg(feature = "collections")]
impl<T> Serialize for crate::collections::Vec<'_, T>
where
    T: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

#[cfg(feature = "collections")]
impl Serialize for crate::collections::String<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}
