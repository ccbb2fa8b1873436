//! Initialisers: which value goes where, and how long an array without a length is.

use super::checker::Checker;
use super::convert::Conversion;
use super::operand::{Operand, Value, convert};
use super::types::{Len, Ty, Type};
use crate::diagnostics::Code;
use crate::ids::Symbol;
use crate::memory::Region;
use crate::parse::Source;
use crate::parse::tree::{Basic, Designator, Encoding, Expr, StringLiteral, TagKind};
use crate::source::Pos;

/// How deeply values without braces may lie in aggregates.
const ELISION_DEPTH_MAX: u32 = 256;

impl<'t, 'r, T: Source, U: Region<'r>, R: Region<'t>> Checker<'_, 't, 'r, T, U, R> {
    /// As [`initialize`](Self::initialize), of an object of its own, which is there before the program runs if `is_static`.
    pub fn initialize_apart(&mut self, is_static: bool, ty: Ty, init: &'t Expr<'t>) -> Ty {
        let outer = std::mem::replace(&mut self.is_constant_wanted, is_static);
        let depth = std::mem::take(&mut self.list_depth);
        let ty = self.initialize(ty, init);
        self.list_depth = depth;
        self.is_constant_wanted = outer;
        ty
    }

    /// Checks the initialiser of an object of type `ty`, and returns the type with its length.
    pub fn initialize(&mut self, ty: Ty, init: &'t Expr<'t>) -> Ty {
        match *init {
            Expr::List { items, pos } => self.list(ty, items, pos),
            Expr::String { literal, pos } if self.is_text(ty) => {
                self.check_text(ty, literal, pos);
                self.completed(ty, u64::from(literal.units) + 1)
            }
            _ => {
                let value = match self.peeked {
                    Some((known, value)) if std::ptr::eq(known, init) => value,
                    _ => self.initial_value(init),
                };
                self.take_value(ty, value, init)
            }
        }
    }

    /// Checks what an object, or a part of one, is given. A record or a number that is given to a `static` object as a compound literal is
    /// what that object begins with, also in a function.
    fn initial_value(&mut self, init: &'t Expr<'t>) -> Operand {
        if !self.is_constant_wanted || !matches!(init, Expr::CompoundLiteral { .. }) {
            return self.expression(init);
        }
        let outer = self.result.take();
        let value = self.expression(init);
        self.result = outer;
        let of = self.unit.types.get(value.ty);
        match of {
            Type::Record(_) => value,
            Type::Array(..) if outer.is_none() => value,
            Type::Array(..) => Operand { value: Value::Unknown, ..value },
            // What it holds was found to be constant just now.
            _ => Operand { value: Value::Fixed, ..value },
        }
    }

    fn take_value(&mut self, ty: Ty, value: Operand, init: &'t Expr<'t>) -> Ty {
        if value.is_error() || ty.plain() == Ty::ERROR {
            return ty;
        }
        if let Type::Array(..) = self.get(ty) {
            // GNU C takes a compound literal for its list.
            if matches!(init, Expr::CompoundLiteral { .. }) {
                return value.ty;
            }
            self.complain(Code::InvalidInitializer, init.pos(), String::from("invalid initializer"));
            return ty;
        }
        let stored = value.value;
        let value = self.decayed(value);
        self.convert(Conversion::Initialization, ty, value, init.start());
        // Records are copied as a whole; what is opaque is not judged.
        let is_judged = self.unit.types.arithmetic(ty).is_some() || self.unit.types.pointee(ty).is_some();
        let is_record = self.unit.types.record(ty).is_some()
            && !matches!(stored, Value::Object | Value::Fixed | Value::Constant);
        let is_constant = convert(&self.unit.types, value.value, ty).is_constant();
        if self.is_constant_wanted && (is_judged && !is_constant || is_record) {
            let message = String::from("initializer element is not constant");
            self.complain(Code::InitializerNotConstant, init.start(), message);
        }
        ty
    }

    fn list(&mut self, ty: Ty, items: &'t [Expr<'t>], pos: Pos) -> Ty {
        // `{ "text" }`
        if let [Expr::String { literal, pos }] = items
            && self.is_text(ty)
        {
            self.check_text(ty, literal, *pos);
            return self.completed(ty, u64::from(literal.units) + 1);
        }
        match self.get(ty) {
            Type::Array(..) | Type::Record(_) => {
                let mut at = 0;
                self.list_depth += 1;
                let len = self.fill(ty, items, &mut at, true, 0);
                self.list_depth -= 1;
                // What is left over is too much, which gcc warns of; it is checked all the same.
                for item in &items[at..] {
                    if let Expr::List { pos, .. } = *item {
                        let message = String::from("extra brace group at end of initializer");
                        self.complain(Code::InvalidInitializer, pos, message);
                    }
                    self.loose(item);
                }
                self.completed(ty, len)
            }
            Type::Vector(of, _) => {
                for item in items {
                    self.initialize(of, item);
                }
                ty
            }
            Type::Basic(basic) if basic.is_complex() => {
                items.iter().for_each(|item| self.loose(item));
                ty
            }
            _ => {
                if items.is_empty() && ty.plain() != Ty::ERROR {
                    self.complain(Code::InvalidInitializer, pos, String::from("empty scalar initializer"));
                }
                for (index, item) in items.iter().enumerate() {
                    if index == 0 {
                        self.initialize(ty, item);
                    } else {
                        self.loose(item);
                    }
                }
                ty
            }
        }
    }

    /// Checks values that go nowhere.
    fn loose(&mut self, item: &'t Expr<'t>) {
        match *item {
            Expr::List { items, .. } => items.iter().for_each(|item| self.loose(item)),
            Expr::Designated { parts: (_, value), .. } => self.loose(value),
            _ => {
                self.expression(item);
            }
        }
    }

    /// Gives an aggregate its values from `items[at..]`, and returns how many elements an array got.
    fn fill(&mut self, ty: Ty, items: &'t [Expr<'t>], at: &mut usize, is_braced: bool, depth: u32) -> u64 {
        match self.get(ty) {
            Type::Array(of, len) => {
                let (mut index, mut largest) = (0u64, 0u64);
                while let Some(item) = items.get(*at) {
                    if let Expr::Designated { parts: (path, value), .. } = item {
                        if !is_braced {
                            break;
                        }
                        index = self.index_designator(path, len).unwrap_or(index);
                        self.designated(of, &path[1..], value);
                        *at += 1;
                    } else {
                        if matches!(len, Len::Known(len) if index >= len) {
                            break;
                        }
                        self.element(of, items, at, depth);
                    }
                    index = index.saturating_add(1);
                    largest = largest.max(index);
                }
                largest
            }
            Type::Record(number) => {
                let record = self.unit.types.records.as_slice()[number as usize];
                let mut next = 0;
                while let Some(item) = items.get(*at) {
                    if let Expr::Designated { parts: (path, value), .. } = item {
                        if !is_braced {
                            break;
                        }
                        next = self.member_designator(ty, path, value) + 1;
                        *at += 1;
                    } else {
                        // Bit-fields without names get nothing.
                        let is_named =
                            |field: &super::types::Field| field.name != Symbol::EMPTY || field.bits.is_none();
                        let mut rest = record.fields.iter().enumerate().skip(next);
                        let Some((number, field)) = rest.find(|(_, field)| is_named(field)) else { break };
                        next = number + 1;
                        self.element(field.ty, items, at, depth);
                    }
                    if record.kind == TagKind::Union {
                        next = usize::MAX;
                    }
                }
                0
            }
            _ => 0,
        }
    }

    /// Gives one element or member its value, which may be several items.
    fn element(&mut self, ty: Ty, items: &'t [Expr<'t>], at: &mut usize, depth: u32) {
        let item = &items[*at];
        self.check_flexible_value(ty, item, depth);
        if let Type::Vector(of, bytes) = self.get(ty)
            && !matches!(item, Expr::List { .. })
        {
            let value = self.peek_item(item);
            if !value.is_error() && !matches!(self.get(value.ty), Type::Vector(..)) {
                let count = bytes / self.unit.types.size(of).unwrap_or(1).max(1);
                for _ in 0..count.min((items.len() - *at) as u64) {
                    self.initialize(of, &items[*at]);
                    *at += 1;
                }
                return;
            }
        }
        let is_aggregate = matches!(self.get(ty), Type::Array(..) | Type::Record(_));
        let is_whole = match item {
            Expr::List { .. } => true,
            Expr::String { .. } => !is_aggregate || self.is_text(ty),
            _ => !is_aggregate,
        };
        if is_whole {
            self.initialize(ty, item);
            *at += 1;
            return;
        }
        let is_simple = matches!(item, Expr::Int { .. } | Expr::Float { .. } | Expr::String { .. });
        if !is_simple && self.unit.types.record(ty).is_some() {
            let value = self.peek_item(item);
            if value.is_error() || value.ty.plain() == ty.plain() {
                *at += 1;
                return;
            }
        }
        let before = *at;
        if depth < ELISION_DEPTH_MAX {
            self.fill(ty, items, at, false, depth + 1);
        }
        if *at == before {
            // An aggregate without room, as an empty record.
            self.loose(item);
            *at += 1;
        }
    }

    /// Reports a value for an array without a length, but at the end of an object that is there before the program runs.
    fn check_flexible_value(&mut self, ty: Ty, item: &Expr<'_>, depth: u32) {
        let is_empty = matches!(item, Expr::List { items, .. } if items.is_empty());
        if !matches!(self.get(ty), Type::Array(_, Len::Unknown)) || is_empty {
            return;
        }
        let message = if depth > 0 || self.list_depth > 1 {
            "initialization of flexible array member in a nested context"
        } else if !self.is_constant_wanted {
            "non-static initialization of a flexible array member"
        } else {
            return;
        };
        self.complain(Code::InvalidInitializer, item.pos(), String::from(message));
    }

    /// The value of an item that is looked at more than once on its way to its place.
    fn peek_item(&mut self, item: &'t Expr<'t>) -> Operand {
        let value = match self.peeked {
            Some((known, value)) if std::ptr::eq(known, item) => value,
            _ => {
                let value = self.initial_value(item);
                self.peeked = Some((item, value));
                value
            }
        };
        self.decayed(value)
    }

    fn index_designator(&mut self, path: &'t [Designator<'t>], len: Len) -> Option<u64> {
        let (last, pos) = match path.first()? {
            Designator::Index(index) => (self.value_of(index), index.pos()),
            Designator::Range(range) => {
                let (first, last) = (self.value_of(&range[0]), self.value_of(&range[1]));
                if first.int().zip(last.int()).is_some_and(|(first, last)| first > last) {
                    let message = String::from("empty index range in initializer");
                    self.complain(Code::BadDesignator, range[0].pos(), message);
                    return None;
                }
                (last, range[1].pos())
            }
            Designator::Member(_, pos) => {
                self.complain(
                    Code::BadDesignator,
                    *pos,
                    String::from("field name not in record or union initializer"),
                );
                return None;
            }
        };
        if last.is_error() {
            return None;
        }
        let is_integer = self.unit.types.integer(last.ty).is_some();
        let index = last.int().filter(|_| is_integer);
        let message = match index {
            _ if !is_integer => "array index in initializer not of integer type",
            None => "nonconstant array index in initializer",
            Some(index) => match u64::try_from(index) {
                Ok(index) if !matches!(len, Len::Known(len) if index >= len) => return Some(index),
                _ => "array index in initializer exceeds array bounds",
            },
        };
        self.complain(Code::BadDesignator, pos, String::from(message));
        None
    }

    /// Checks `.a.b = value` in a record, and returns the index of the member.
    fn member_designator(&mut self, ty: Ty, path: &'t [Designator<'t>], value: &'t Expr<'t>) -> usize {
        let Some(Designator::Member(name, pos)) = path.first() else {
            self.complain(
                Code::BadDesignator,
                value.pos(),
                String::from("array index in non-array initializer"),
            );
            return 0;
        };
        let Some(field) = self.field(ty, *name) else {
            let shown = self.quoted(ty.plain());
            let message = format!("{shown} has no member named '{}'", self.shown(*name));
            self.complain(Code::NoMember, *pos, message);
            self.loose(value);
            return 0;
        };
        if path.len() == 1 {
            self.check_flexible_value(field.ty, value, 0);
        }
        self.designated(field.ty, &path[1..], value);
        // A member of a record without a name counts as that record.
        self.field_number(ty, *name).unwrap_or(0)
    }

    /// Checks `value` for what `path` leads to from `ty`.
    fn designated(&mut self, ty: Ty, path: &'t [Designator<'t>], value: &'t Expr<'t>) {
        let mut ty = ty;
        for step in path {
            ty = match (step, self.get(ty)) {
                (Designator::Index(index), Type::Array(of, _)) => {
                    self.expression(index);
                    of
                }
                (Designator::Range(_), Type::Array(of, _)) => of,
                (Designator::Member(name, pos), Type::Record(_)) => match self.field(ty, *name) {
                    Some(field) => field.ty,
                    None => {
                        let shown = self.quoted(ty.plain());
                        let message = format!("{shown} has no member named '{}'", self.shown(*name));
                        self.complain(Code::NoMember, *pos, message);
                        return self.loose(value);
                    }
                },
                _ => return self.loose(value),
            };
        }
        let is_aggregate = matches!(self.get(ty), Type::Array(..) | Type::Record(_));
        if is_aggregate
            && !matches!(value, Expr::List { .. } | Expr::String { .. } | Expr::CompoundLiteral { .. })
        {
            // It may be a whole record, or the first of the values of one.
            self.expression(value);
            return;
        }
        self.initialize(ty, value);
    }

    /// Whether `ty` is an array that a string can fill.
    fn is_text(&self, ty: Ty) -> bool {
        match self.get(ty) {
            Type::Array(of, _) => self.unit.types.integer(of).is_some(),
            _ => false,
        }
    }

    /// Reports a string whose characters are not those of the array that it fills.
    fn check_text(&mut self, ty: Ty, literal: &StringLiteral<'_>, pos: Pos) {
        let Type::Array(of, _) = self.get(ty) else { return };
        let is_narrow = matches!(literal.encoding, Encoding::Plain | Encoding::Utf8);
        let wanted = literal.element();
        let message = match self.unit.types.integer(of) {
            Some(Basic::Char | Basic::SignedChar | Basic::UnsignedChar) if is_narrow => return,
            Some(Basic::Char | Basic::SignedChar | Basic::UnsignedChar) => {
                "char-array initialized from wide string"
            }
            Some(of) if of == wanted => return,
            Some(Basic::Int | Basic::Unsigned | Basic::UnsignedShort) if is_narrow => {
                "wide character array initialized from non-wide string"
            }
            Some(Basic::Int | Basic::Unsigned | Basic::UnsignedShort) => {
                "wide character array initialized from incompatible wide string"
            }
            _ => "array of inappropriate type initialized from string constant",
        };
        self.complain(Code::InvalidInitializer, pos, String::from(message));
    }

    /// `ty` with `len` elements, if it does not say how many.
    fn completed(&mut self, ty: Ty, len: u64) -> Ty {
        match self.get(ty) {
            Type::Array(of, Len::Unknown) => self.intern(Type::Array(of, Len::Known(len))),
            _ => ty,
        }
    }
}
