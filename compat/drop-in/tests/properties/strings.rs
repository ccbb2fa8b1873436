//! Strings: random sequences of calls against the standard one, and what they do not reach.

use bumpalo::Bump;
use bumpalo::collections::{CollectIn, String as BumpString};
use proptest::prelude::*;
use std::borrow::{Borrow, BorrowMut, Cow};
use std::collections::HashSet;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

#[derive(Debug, Clone)]
enum Call {
    Push(char),
    PushStr(String),
    Pop,
    Insert(usize, char),
    InsertStr(usize, String),
    Remove(usize),
    Truncate(usize),
    Retain(u32),
    Drain(usize, usize, usize),
    Replace(usize, usize, String),
    SplitOff(usize),
    Shrink,
    Reserve(usize),
    Clear,
    Beside,
}

fn call() -> impl Strategy<Value = Call> {
    let text = "[aé√😀\u{0}]{0,9}";
    let index = 0usize..60;
    prop_oneof![
        4 => "[aé√😀]".prop_map(|text| Call::Push(text.chars().next().unwrap())),
        4 => text.prop_map(Call::PushStr),
        2 => Just(Call::Pop),
        2 => (index.clone(), any::<char>()).prop_map(|(at, c)| Call::Insert(at, c)),
        2 => (index.clone(), text).prop_map(|(at, text)| Call::InsertStr(at, text)),
        2 => index.clone().prop_map(Call::Remove),
        1 => index.clone().prop_map(Call::Truncate),
        2 => (2u32..5).prop_map(Call::Retain),
        2 => (index.clone(), index.clone(), 0usize..5).prop_map(|(a, b, taken)| Call::Drain(a, b, taken)),
        3 => (index.clone(), index.clone(), text).prop_map(|(a, b, text)| Call::Replace(a, b, text)),
        1 => index.clone().prop_map(Call::SplitOff),
        1 => Just(Call::Shrink),
        1 => index.prop_map(Call::Reserve),
        1 => Just(Call::Clear),
        1 => Just(Call::Beside),
    ]
}

/// The nearest index between two characters, not above `at`.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

fn run(calls: &[Call]) {
    let bump = Bump::new();
    let mut ours = BumpString::new_in(&bump);
    let mut model = String::new();
    for call in calls {
        let at = |index: usize| boundary(&model, index % (model.len() + 1));
        match call.clone() {
            Call::Push(c) => {
                ours.push(c);
                model.push(c);
            }
            Call::PushStr(text) => {
                ours.push_str(&text);
                model.push_str(&text);
            }
            Call::Pop => assert_eq!(ours.pop(), model.pop()),
            Call::Insert(index, c) => {
                let index = at(index);
                ours.insert(index, c);
                model.insert(index, c);
            }
            Call::InsertStr(index, text) => {
                let index = at(index);
                ours.insert_str(index, &text);
                model.insert_str(index, &text);
            }
            Call::Remove(index) => {
                let index = at(index);
                if index < model.len() {
                    assert_eq!(ours.remove(index), model.remove(index));
                }
            }
            Call::Truncate(index) => {
                let index = at(index);
                ours.truncate(index);
                model.truncate(index);
            }
            Call::Retain(modulus) => {
                ours.retain(|c| !(c as u32).is_multiple_of(modulus));
                model.retain(|c| !(c as u32).is_multiple_of(modulus));
            }
            Call::Drain(a, b, taken) => {
                let (a, b) = (at(a), at(b));
                let range = a.min(b)..a.max(b);
                let ours: Vec<char> = ours.drain(range.clone()).rev().take(taken).collect();
                let model: Vec<char> = model.drain(range).rev().take(taken).collect();
                assert_eq!(ours, model);
            }
            Call::Replace(a, b, text) => {
                let (a, b) = (at(a), at(b));
                let range = a.min(b)..a.max(b);
                ours.replace_range(range.clone(), &text);
                model.replace_range(range, &text);
            }
            Call::SplitOff(index) => {
                let index = at(index);
                assert_eq!(ours.split_off(index), model.split_off(index));
            }
            Call::Shrink => ours.shrink_to_fit(),
            Call::Reserve(more) => {
                ours.reserve(more);
                ours.reserve_exact(more);
                assert!(ours.capacity() >= ours.len() + more);
            }
            Call::Clear => {
                ours.clear();
                model.clear();
            }
            Call::Beside => {
                bump.alloc(1u8);
            }
        }
        assert_eq!(ours, model);
        assert_eq!((ours.len(), ours.is_empty()), (model.len(), model.is_empty()));
        assert!(core::str::from_utf8(ours.as_bytes()).is_ok());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn a_string_does_what_the_standard_one_does(calls in proptest::collection::vec(call(), 1..60)) {
        run(&calls);
    }

    #[test]
    fn any_bytes_become_the_text_that_the_standard_library_makes(
        bytes in proptest::collection::vec(prop_oneof![any::<u8>(), 0xC0u8..=0xF8, 0x80u8..0xC0], 0..40)
    ) {
        let bump = Bump::new();
        prop_assert_eq!(BumpString::from_utf8_lossy_in(&bytes, &bump), String::from_utf8_lossy(&bytes));
        let vec = bumpalo::collections::Vec::from_iter_in(bytes.iter().copied(), &bump);
        match (BumpString::from_utf8(vec), String::from_utf8(bytes.clone())) {
            (Ok(ours), Ok(model)) => prop_assert_eq!(ours, model),
            (Err(ours), Err(model)) => {
                prop_assert_eq!(ours.utf8_error(), model.utf8_error());
                prop_assert_eq!(ours.to_string(), model.to_string());
                assert!(!format!("{ours:?}").is_empty());
                prop_assert_eq!(ours.as_bytes(), &bytes[..]);
                prop_assert_eq!(ours.into_bytes(), &bytes[..]);
            }
            _ => prop_assert!(false, "only one of the two is text"),
        }
    }

    #[test]
    fn any_utf16_becomes_the_text_that_the_standard_library_makes(
        units in proptest::collection::vec(prop_oneof![any::<u16>(), 0xD800u16..0xE000], 0..20)
    ) {
        let bump = Bump::new();
        match (BumpString::from_utf16_in(&units, &bump), String::from_utf16(&units)) {
            (Ok(ours), Ok(model)) => prop_assert_eq!(ours, model),
            (Err(ours), Err(_)) => assert!(!ours.to_string().is_empty() && !format!("{ours:?}").is_empty()),
            _ => prop_assert!(false, "only one of the two is text"),
        }
    }
}

#[test]
fn a_panic_in_retain_leaves_text() {
    let bump = Bump::new();
    for panics_at in 0..8 {
        let mut text = BumpString::from_str_in("aé√😀bé√😀", &bump);
        let mut asked = 0;
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            text.retain(|_| {
                assert!(asked != panics_at, "asked");
                asked += 1;
                asked % 2 == 0
            });
        }));
        assert!(outcome.is_err());
        assert!(core::str::from_utf8(text.as_bytes()).is_ok());
        text.push('x');
        assert!(text.ends_with('x'));
    }
}

#[test]
fn indexes_inside_a_character_panic_and_change_nothing() {
    let bump = Bump::new();
    let mut text = BumpString::from_str_in("é√", &bump);
    let calls: [&dyn Fn(&mut BumpString); 10] = [
        &|text| text.insert(1, 'x'),
        &|text| text.insert_str(1, "x"),
        &|text| drop(text.remove(1)),
        &|text| drop(text.remove(5)),
        &|text| text.truncate(3),
        &|text| drop(text.split_off(3)),
        &|text| drop(text.drain(1..)),
        &|text| drop(text.drain(..6)),
        &|text| text.replace_range(..1, ""),
        &|text| text.replace_range(2..=2, ""),
    ];
    for call in calls {
        assert!(catch_unwind(AssertUnwindSafe(|| call(&mut text))).is_err());
        assert_eq!(text, "é√");
    }
    text.truncate(100);
    assert_eq!(text, "é√");
}

#[test]
fn text_is_made_of_what_is_text() {
    let bump = Bump::new();
    let mut text = BumpString::with_capacity_in(3, &bump);
    assert_eq!(text.capacity(), 3);
    text.extend(['a', 'é']);
    text.extend(&['b']);
    text.extend(["c", "d"]);
    text.extend([String::from("e"), String::from("f")]);
    text.extend([Cow::Borrowed("g"), Cow::Owned("h".to_string())]);
    text.extend([BumpString::from_str_in("i", &bump)]);
    text += "j";
    let mut text = text + "k";
    write!(text, "{}{}", 1, 'l').unwrap();
    text.write_char('m').unwrap();
    assert_eq!(text, "aébcdefghijk1lm");
    assert_eq!(BumpString::from_iter_in("xyz".chars().rev(), &bump), "zyx");
    let collected: BumpString = "xyz".chars().collect_in(&bump);
    assert_eq!(bumpalo::format!(in &bump, "{}-{:03}", collected, 7), "xyz-007");
    // SAFETY: the bytes must be UTF-8; they are.
    let unchecked = unsafe { BumpString::from_utf8_unchecked(bumpalo::vec![in &bump; b'o', b'k']) };
    assert_eq!(unchecked.into_bump_str(), "ok");
    let mut parts = core::mem::ManuallyDrop::new(BumpString::from_str_in("parts", &bump));
    // SAFETY: the bytes must stay UTF-8; they are not changed.
    let bytes = unsafe { parts.as_mut_vec() };
    let (at, len, capacity) = (bytes.as_mut_ptr(), bytes.len(), bytes.capacity());
    // SAFETY: the parts must be those of a string that nobody else owns; it is never dropped.
    assert_eq!(unsafe { BumpString::from_raw_parts_in(at, len, capacity, &bump) }, "parts");
    assert!(core::ptr::eq(parts.bump(), &raw const bump));
}

#[test]
fn strings_compare_hash_and_print_as_text() {
    let bump = Bump::new();
    let mut text = BumpString::from_str_in("héllo", &bump);
    assert!(
        text == *"héllo" && text == "héllo" && text == "héllo".to_string() && text == Cow::Borrowed("héllo")
    );
    assert!(
        *"héllo" == text && "héllo" == text && "héllo".to_string() == text && Cow::Borrowed("héllo") == text
    );
    assert!(text < BumpString::from_str_in("i", &bump));
    assert_eq!(text.cmp(&BumpString::new_in(&bump)), core::cmp::Ordering::Greater);
    assert_eq!((format!("{text}"), format!("{text:?}")), ("héllo".to_string(), "\"héllo\"".to_string()));
    assert_eq!(format!("{text:>7}"), "  héllo");
    assert_eq!(
        (&text[1..3], &text[..1], &text[3..], &text[..], &text[1..=2], &text[..=0]),
        ("é", "h", "llo", "héllo", "é", "h")
    );
    text[..1].make_ascii_uppercase();
    text[3..].make_ascii_uppercase();
    text[0..1].make_ascii_lowercase();
    text[3..=3].make_ascii_lowercase();
    text[..=0].make_ascii_uppercase();
    text[..].make_ascii_lowercase();
    text.as_mut_str().make_ascii_uppercase();
    text.make_ascii_lowercase();
    let mut set = HashSet::new();
    set.insert(text.clone());
    assert!(set.contains("héllo"));
    assert_eq!((AsRef::<str>::as_ref(&text), AsRef::<[u8]>::as_ref(&text).len()), ("héllo", 6));
    assert_eq!((Borrow::<str>::borrow(&text), text.as_str()), ("héllo", "héllo"));
    assert_eq!(BorrowMut::<str>::borrow_mut(&mut text), "héllo");
    let mut copy = BumpString::new_in(&bump);
    copy.clone_from(&text);
    assert_eq!(copy.into_bytes(), "héllo".as_bytes());
    let drain = text.drain(1..);
    assert!(!format!("{drain:?}").is_empty());
    assert!(drain.size_hint().0 <= 4);
    drop(drain);
    assert_eq!(text, "h");
}
