//! Which types may go to another thread or through a caught panic.

use bumpalo::boxed::Box as BumpBox;
use bumpalo::collections::string::{self, FromUtf8Error, FromUtf16Error};
use bumpalo::collections::vec::{Drain, DrainFilter, IntoIter, Splice};
use bumpalo::collections::{CollectionAllocErr, String, Vec};
use bumpalo::{AllocErr, AllocOrInitError, Bump, ChunkIter, ChunkRawIter};
use core::marker::PhantomPinned;
use std::cell::Cell;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;

/// Whether a type has a trait: an inherent constant is preferred to a trait's where the bound holds.
macro_rules! has {
    ($trait:ident for $type:ty) => {{
        #[allow(dead_code, reason = "used where the type has not the trait")]
        trait Otherwise {
            const HAS: bool = false;
        }
        impl<T: ?Sized> Otherwise for T {}
        struct Asked<T: ?Sized>(core::marker::PhantomData<T>);
        #[allow(dead_code, reason = "which of the two constants is used is the answer")]
        impl<T: ?Sized + $trait> Asked<T> {
            const HAS: bool = true;
        }
        <Asked<$type>>::HAS
    }};
}

/// Compares all five: `Send Sync Unpin UnwindSafe RefUnwindSafe`.
macro_rules! auto_traits {
    ($($type:ty: $expected:literal),* $(,)?) => { $(
        let mut found = std::string::String::new();
        for (has, letter) in [
            (has!(Send for $type), "S"),
            (has!(Sync for $type), "Y"),
            (has!(Unpin for $type), "P"),
            (has!(UnwindSafe for $type), "U"),
            (has!(RefUnwindSafe for $type), "R"),
        ] {
            found += if has { letter } else { "-" };
        }
        assert_eq!(found, $expected, stringify!($type));
    )* };
}

type Filter = fn(&mut u8) -> bool;
type Replacement = std::vec::IntoIter<u8>;

#[test]
fn types_may_go_where_the_registrys_may() {
    auto_traits!(
        Bump: "S-P--",
        Bump<16>: "S-P--",
        ChunkIter<'static>: "--P--",
        ChunkRawIter<'static>: "--P--",
        AllocErr: "SYPUR",
        AllocOrInitError<u8>: "SYPUR",
        AllocOrInitError<Rc<u8>>: "--PUR",
        CollectionAllocErr: "SYPUR",
        BumpBox<'static, u8>: "SYPUR",
        BumpBox<'static, Cell<u8>>: "S-P--",
        BumpBox<'static, Rc<u8>>: "--PUR",
        BumpBox<'static, PhantomPinned>: "SYPUR",
        BumpBox<'static, [u8]>: "SYPUR",
        BumpBox<'static, &'static mut u8>: "SYPUR",
        Vec<'static, u8>: "--P--",
        Vec<'static, PhantomPinned>: "--P--",
        IntoIter<'static, u8>: "SYPUR",
        IntoIter<'static, Cell<u8>>: "S-P--",
        IntoIter<'static, Rc<u8>>: "--PUR",
        IntoIter<'static, PhantomPinned>: "SYPUR",
        Drain<'static, 'static, u8>: "SYP--",
        Drain<'static, 'static, Rc<u8>>: "--P--",
        DrainFilter<'static, 'static, u8, Filter>: "--P--",
        String<'static>: "--P--",
        string::Drain<'static, 'static>: "SYP--",
        FromUtf8Error<'static>: "--P--",
        FromUtf16Error: "SYPUR",
    );
    // A difference, see README: dropping a splice allocates from the arena, so ours stays on its thread.
    if drop_in::ARE_OURS {
        auto_traits!(Splice<'static, 'static, Replacement>: "--P--");
    } else {
        auto_traits!(Splice<'static, 'static, Replacement>: "SYP--");
    }
}

#[test]
fn typed_arenas_may_go_where_the_registrys_may() {
    auto_traits!(
        typed_arena::Arena<u8>: "S-PU-",
        typed_arena::Arena<Rc<u8>>: "--PU-",
        typed_arena::Arena<Cell<u8>>: "S-PU-",
        typed_arena::Arena<PhantomPinned>: "S--U-",
        typed_arena::Arena<&'static mut u8>: "S-P--",
        typed_arena::IterMut<'static, u8>: "SYP-R",
        typed_arena::IterMut<'static, Cell<u8>>: "S-P--",
        typed_arena::IterMut<'static, Rc<u8>>: "--P-R",
        typed_arena::IterMut<'static, PhantomPinned>: "SYP-R",
    );
}

/// Lifetimes that may be shortened.
#[allow(dead_code, reason = "compiling is the test")]
fn variance<'short>(
    _: &'short u8,
    boxed: BumpBox<'static, &'static str>,
    vec: Vec<'static, &'static str>,
    text: String<'static>,
    drain: Drain<'static, 'static, &'static str>,
    into_iter: IntoIter<'static, &'static str>,
) {
    let _: BumpBox<'short, &'short str> = boxed;
    let _: Vec<'short, &'short str> = vec;
    let _: String<'short> = text;
    let _: Drain<'short, 'short, &'short str> = drain;
    let _: IntoIter<'short, &'short str> = into_iter;
}
