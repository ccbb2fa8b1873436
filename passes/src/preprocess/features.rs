//! What `__has_attribute` and `__has_builtin` answer.
//!
//! The lists are the names gcc 12 answers for on x86-64, asked by a generated file; the x86 vector builtins are left out
//! because their macros are not predefined either. They are short of nothing the corpora ask for, and cold: a search of
//! the text is enough.

const ATTRIBUTES: &str = include_str!("features/attributes.txt");
const BUILTINS: &str = include_str!("features/builtins.txt");
const FUNCTIONS: &str = include_str!("features/functions.txt");

fn lists(list: &str, name: &str) -> bool {
    list.split_ascii_whitespace().any(|known| known == name)
}

/// `name` without the two underscores at both ends, if it has them.
fn plain(name: &[u8]) -> &str {
    let name = std::str::from_utf8(name).unwrap_or("");
    name.strip_prefix("__").and_then(|name| name.strip_suffix("__")).unwrap_or(name)
}

/// The answer to `__has_c_attribute(name)` for an attribute of C2X: the year and month it is from.
pub fn standard_attribute(name: &[u8]) -> Option<u64> {
    match plain(name) {
        "deprecated" | "fallthrough" | "maybe_unused" => Some(201_904),
        "nodiscard" => Some(202_003),
        _ => None,
    }
}

/// The answer to `__has_attribute(name)`.
pub fn attribute(name: &[u8]) -> u64 {
    standard_attribute(name).unwrap_or_else(|| u64::from(lists(ATTRIBUTES, plain(name))))
}

/// The answer for `vendor::name`.
pub fn scoped_attribute(vendor: &[u8], name: &[u8]) -> u64 {
    u64::from(plain(vendor) == "gnu" && lists(ATTRIBUTES, plain(name)))
}

/// Whether `name` is a builtin function, with or without `__builtin_`.
pub fn has_builtin(name: &[u8]) -> bool {
    let Ok(name) = std::str::from_utf8(name) else { return false };
    match name.strip_prefix("__builtin_") {
        Some(function) => lists(BUILTINS, function),
        None => lists(FUNCTIONS, name),
    }
}
