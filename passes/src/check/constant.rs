//! Arithmetic on constants.

use super::operand::Value;
use crate::parse::tree::{Basic, Binary};

/// `left op right`, both of type `basic`, which the result has, too, unless it is a truth.
pub fn fold(op: Binary, left: Value, right: Value, basic: Basic) -> Value {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) if basic.is_integer() => {
            int(op, left, right, basic).map_or(Value::Unknown, Value::Int)
        }
        (Value::Float(left), Value::Float(right)) => float(op, left, right, basic),
        (Value::Address, Value::Int(_) | Value::Constant)
        | (Value::Int(_) | Value::Constant, Value::Address)
            if matches!(op, Binary::Add | Binary::Subtract) =>
        {
            Value::Address
        }
        _ => unknown_number(left, right),
    }
}

/// What follows from two values of which one is no number that is known here.
pub fn unknown_number(left: Value, right: Value) -> Value {
    let is_number = |value| matches!(value, Value::Int(_) | Value::Float(_) | Value::Constant);
    let is_hidden = left == Value::Constant || right == Value::Constant;
    if is_hidden && is_number(left) && is_number(right) { Value::Constant } else { Value::Unknown }
}

fn int(op: Binary, left: i128, right: i128, basic: Basic) -> Option<i128> {
    let is_wide_unsigned = basic == Basic::UnsignedInt128;
    let less = if is_wide_unsigned { (left as u128) < right as u128 } else { left < right };
    let result = match op {
        Binary::Add => left.wrapping_add(right),
        Binary::Subtract => left.wrapping_sub(right),
        Binary::Multiply => left.wrapping_mul(right),
        Binary::Divide | Binary::Remainder if right == 0 => return None,
        Binary::Divide if is_wide_unsigned => (left as u128 / right as u128) as i128,
        Binary::Remainder if is_wide_unsigned => (left as u128 % right as u128) as i128,
        Binary::Divide => left.wrapping_div(right),
        Binary::Remainder => left.wrapping_rem(right),
        Binary::And => left & right,
        Binary::Or => left | right,
        Binary::Xor => left ^ right,
        Binary::Less => return Some(i128::from(less)),
        Binary::Greater => return Some(i128::from(!less && left != right)),
        Binary::LessEqual => return Some(i128::from(less || left == right)),
        Binary::GreaterEqual => return Some(i128::from(!less)),
        Binary::Equal => return Some(i128::from(left == right)),
        Binary::NotEqual => return Some(i128::from(left != right)),
        _ => return None,
    };
    Some(basic.wrap(result))
}

/// `left op right` of shifts, whose result has the type of the left operand.
pub fn shift(op: Binary, left: i128, count: i128, basic: Basic) -> Value {
    let Some(count) = u32::try_from(count).ok().filter(|&count| u64::from(count) < 8 * basic.size()) else {
        // gcc warns, and the program decides.
        return Value::Constant;
    };
    Value::Int(match op {
        Binary::ShiftLeft => basic.wrap(left << count),
        _ if basic == Basic::UnsignedInt128 => (left as u128 >> count) as i128,
        _ => left >> count,
    })
}

fn float(op: Binary, left: f64, right: f64, basic: Basic) -> Value {
    let truth = |holds: bool| Value::Int(i128::from(holds));
    let result = match op {
        Binary::Add => left + right,
        Binary::Subtract => left - right,
        Binary::Multiply => left * right,
        Binary::Divide => left / right,
        Binary::Less => return truth(left < right),
        Binary::Greater => return truth(left > right),
        Binary::LessEqual => return truth(left <= right),
        Binary::GreaterEqual => return truth(left >= right),
        Binary::Equal => return truth(left == right),
        Binary::NotEqual => return truth(left != right),
        _ => return Value::Unknown,
    };
    Value::Float(if basic == Basic::Float { f64::from(result as f32) } else { result })
}
