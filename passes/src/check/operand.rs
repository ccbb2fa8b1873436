//! What is known of an expression: its type, and its value if it is a constant.

use super::types::{Ty, Types};
use crate::parse::tree::{Basic, Expr};

/// The bits of an `int`.
const INT_BITS: u8 = 32;

/// The value of a constant expression.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Value {
    /// It has none before the program runs.
    Unknown,
    /// An integer, or a pointer made of one.
    Int(i128),
    /// A floating number, as near as a double comes.
    Float(f64),
    /// The object at an address that is a number: `((struct s *)0)->member`.
    Place(i128),
    /// The address of something, which the linker knows.
    Address,
    /// The object at such an address.
    Object,
    /// The same, of which the content is known when the program starts, too: a string, a `const` object with a value.
    Fixed,
    /// It is known when the program starts, though not here.
    Constant,
}

impl Value {
    /// Whether an object that is there before the program runs may begin with it.
    pub fn is_constant(self) -> bool {
        matches!(self, Value::Int(_) | Value::Float(_) | Value::Address | Value::Constant)
    }

    /// The address of the object that this is.
    pub fn address(self) -> Value {
        match self {
            Value::Place(address) => Value::Int(address),
            Value::Object | Value::Fixed => Value::Address,
            _ => Value::Unknown,
        }
    }

    /// The object that this points to.
    pub fn target(self) -> Value {
        match self {
            Value::Int(address) => Value::Place(address),
            Value::Address => Value::Object,
            _ => Value::Unknown,
        }
    }
}

/// An expression that was checked.
#[derive(Clone, Copy, Debug)]
pub struct Operand {
    /// Its type; arrays and functions have not become pointers yet.
    pub ty: Ty,
    /// Its value.
    pub value: Value,
    /// Whether it stands for an object.
    pub is_lvalue: bool,
    /// Of a bit-field, and of the value of one or of an assignment to one: its width.
    pub width: Option<u8>,
    /// Whether it is part of an object that was declared `register`.
    pub is_register: bool,
}

impl Operand {
    /// A value of `ty` that is not known.
    pub fn of(ty: Ty) -> Self {
        Self { ty, value: Value::Unknown, is_lvalue: false, width: None, is_register: false }
    }

    /// A value of `ty`.
    pub fn constant(ty: Ty, value: Value) -> Self {
        Self { value, ..Self::of(ty) }
    }

    /// An object of `ty`.
    pub fn object(ty: Ty) -> Self {
        Self { is_lvalue: true, ..Self::of(ty) }
    }

    /// What is in the object that it stands for.
    pub fn loaded(self) -> Self {
        let value = if self.value == Value::Fixed { Value::Constant } else { Value::Unknown };
        Self { value, is_lvalue: false, is_register: false, ..self }
    }

    /// What follows from an error: nothing.
    pub const ERROR: Operand =
        Operand { ty: Ty::ERROR, value: Value::Unknown, is_lvalue: true, width: None, is_register: false };

    /// Whether an error was reported for it.
    pub fn is_error(&self) -> bool {
        self.ty.plain() == Ty::ERROR
    }

    /// The integer that it is.
    pub fn int(&self) -> Option<i128> {
        match self.value {
            Value::Int(value) => Some(value),
            _ => None,
        }
    }

    /// The type that it has in arithmetic, before that is promoted: that of a narrow bit-field is `int`, or `unsigned`.
    pub fn arithmetic(&self, types: &Types<'_>) -> Option<Basic> {
        let basic = types.arithmetic(self.ty)?;
        Some(match self.width {
            Some(width) if width < INT_BITS || width == INT_BITS && !basic.is_unsigned() => Basic::Int,
            Some(INT_BITS) => Basic::Unsigned,
            _ => basic,
        })
    }

    /// Whether it, the value of `expression`, is a bit-field, and not only a value of one's type.
    pub fn is_bit_field(&self, expression: &Expr<'_>) -> bool {
        self.width.is_some() && (self.is_lvalue || matches!(expression, Expr::Member { .. }))
    }

    /// Whether it is zero, or not; nothing if that is not known.
    pub fn truth(&self) -> Option<bool> {
        match self.value {
            Value::Int(value) => Some(value != 0),
            Value::Float(value) => Some(value != 0.0),
            Value::Address => Some(true),
            _ => None,
        }
    }
}

/// The value `value` as one of type `ty`.
#[inline]
pub fn convert(types: &Types<'_>, value: Value, ty: Ty) -> Value {
    if value == Value::Unknown { value } else { convert_known(types, value, ty) }
}

fn convert_known(types: &Types<'_>, value: Value, ty: Ty) -> Value {
    let to_pointer = types.pointee(ty).is_some();
    match (types.arithmetic(ty), value) {
        (Some(_), Value::Constant) => Value::Constant,
        (Some(Basic::Bool), Value::Address) => Value::Int(1),
        // Complex numbers are opaque.
        (Some(basic), Value::Int(_) | Value::Float(_)) if basic.is_complex() => Value::Constant,
        (Some(Basic::Bool), Value::Float(number)) => Value::Int(i128::from(number != 0.0)),
        (Some(basic), Value::Int(number)) if basic.is_integer() => Value::Int(basic.wrap(number)),
        (Some(basic), Value::Float(number)) if basic.is_integer() => Value::Int(basic.wrap(number as i128)),
        (Some(basic), Value::Int(number)) => float(basic, number as f64),
        (Some(basic), Value::Float(number)) => float(basic, number),
        (Some(basic), Value::Address) if basic.is_integer() && basic.size() == 8 => Value::Address,
        (None, Value::Int(number)) if to_pointer => Value::Int(Basic::UnsignedLong.wrap(number)),
        (None, Value::Address | Value::Constant) if to_pointer => value,
        _ => Value::Unknown,
    }
}

fn float(basic: Basic, number: f64) -> Value {
    Value::Float(if basic == Basic::Float { f64::from(number as f32) } else { number })
}
