//! Types as messages spell them.

use super::types::{Len, Ty, Type, Types};
use crate::ids::Symbol;
use crate::parse::tree::{Basic, qualifier};
use std::cell::Cell;

/// Parts of a type that are spelled: a type may name another twice, and that one a third twice, and so on.
const PARTS_MAX: u32 = 1000;

impl Types<'_> {
    /// `ty` as gcc spells it, with `...` for what is too much; `text` has the spelling of names.
    pub fn show(&self, ty: Ty, text: &dyn Fn(Symbol) -> String) -> String {
        self.spell(ty, String::new(), text, &Cell::new(PARTS_MAX))
    }

    /// `ty` around `inner`, a declarator, with the parts that are `left`.
    fn spell(&self, ty: Ty, inner: String, text: &dyn Fn(Symbol) -> String, left: &Cell<u32>) -> String {
        let join = |base: String| {
            let base = with_qualifiers(ty.qualifiers(), base);
            if inner.is_empty() { base } else { format!("{base} {inner}") }
        };
        if left.get() == 0 {
            return join(String::from("..."));
        }
        left.set(left.get() - 1);
        match self.get(ty) {
            Type::Basic(basic) if basic.is_complex() => join(format!("_Complex {}", spelling(basic.part()))),
            Type::Basic(basic) => join(String::from(spelling(basic))),
            Type::Error => join(String::from("<error>")),
            Type::Record(number) => {
                let record = &self.records.as_slice()[number as usize];
                join(format!("{} {}", record.kind.word(), tag(record.name, text)))
            }
            Type::Enum(number) => {
                join(format!("enum {}", tag(self.enumerations.as_slice()[number as usize].name, text)))
            }
            Type::Vector(of, bytes) => {
                let count = bytes / self.size(of).unwrap_or(1).max(1);
                join(format!("__vector({count}) {}", self.spell(of, String::new(), text, left)))
            }
            Type::Pointer(to) => {
                let mut inner = with_pointer_qualifiers(ty.qualifiers(), inner);
                if matches!(self.get(to), Type::Array(..) | Type::Function(_)) {
                    inner = format!("({inner})");
                }
                self.spell(to, inner, text, left)
            }
            Type::Array(of, len) => {
                let len = match len {
                    Len::Known(len) => len.to_string(),
                    Len::Unknown | Len::Variable => String::new(),
                };
                self.spell(of, format!("{inner}[{len}]"), text, left)
            }
            Type::Function(signature) => {
                let mut list: Vec<String> = signature
                    .parameters
                    .iter()
                    .map(|&parameter| self.spell(parameter, String::new(), text, left))
                    .collect();
                if signature.is_variadic {
                    list.push(String::from("..."));
                } else if signature.is_prototype && list.is_empty() {
                    list.push(String::from("void"));
                }
                self.spell(signature.result, format!("{inner}({})", list.join(", ")), text, left)
            }
        }
    }
}

fn tag(name: Symbol, text: &dyn Fn(Symbol) -> String) -> String {
    if name == Symbol::EMPTY { String::from("<anonymous>") } else { text(name) }
}

fn with_qualifiers(qualifiers: u8, base: String) -> String {
    let mut words = String::new();
    for (bit, word) in
        [(qualifier::CONST, "const "), (qualifier::VOLATILE, "volatile "), (qualifier::ATOMIC, "_Atomic ")]
    {
        if qualifiers & bit != 0 {
            words.push_str(word);
        }
    }
    words + &base
}

fn with_pointer_qualifiers(qualifiers: u8, inner: String) -> String {
    let mut words = String::from("*");
    for (bit, word) in [
        (qualifier::CONST, " const"),
        (qualifier::VOLATILE, " volatile"),
        (qualifier::RESTRICT, " restrict"),
        (qualifier::ATOMIC, " _Atomic"),
    ] {
        if qualifiers & bit != 0 {
            words.push_str(word);
        }
    }
    words + &inner
}

fn spelling(basic: Basic) -> &'static str {
    match basic {
        Basic::Void => "void",
        Basic::Bool => "_Bool",
        Basic::Char => "char",
        Basic::SignedChar => "signed char",
        Basic::UnsignedChar => "unsigned char",
        Basic::Short => "short int",
        Basic::UnsignedShort => "short unsigned int",
        Basic::Int => "int",
        Basic::Unsigned => "unsigned int",
        Basic::Long => "long int",
        Basic::UnsignedLong => "long unsigned int",
        Basic::LongLong => "long long int",
        Basic::UnsignedLongLong => "long long unsigned int",
        Basic::Int128 => "__int128",
        Basic::UnsignedInt128 => "__int128 unsigned",
        Basic::Float => "float",
        Basic::Double => "double",
        Basic::LongDouble => "long double",
        Basic::Float128 => "_Float128",
        Basic::VaList => "__va_list_tag[1]",
        _ => "_Complex",
    }
}
