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

/// The answer to `__has_attribute(name)`: some C2X attributes answer with their year.
pub fn attribute(name: &[u8]) -> u64 {
    let Ok(name) = std::str::from_utf8(name) else { return 0 };
    let inner = name.strip_prefix("__").and_then(|name| name.strip_suffix("__")).unwrap_or(name);
    match inner {
        "deprecated" => 201_904,
        "fallthrough" => 201_904,
        "maybe_unused" => 201_904,
        "nodiscard" => 202_003,
        _ => u64::from(lists(ATTRIBUTES, inner)),
    }
}

/// Whether `name` is a builtin function, with or without `__builtin_`.
pub fn has_builtin(name: &[u8]) -> bool {
    let Ok(name) = std::str::from_utf8(name) else { return false };
    match name.strip_prefix("__builtin_") {
        Some(function) => lists(BUILTINS, function),
        None => lists(FUNCTIONS, name),
    }
}
