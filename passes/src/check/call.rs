//! Calls, of functions and of what the compiler has built in.

use super::checker::Checker;
use super::operand::{Operand, Value, convert};
use super::types::{Ty, Type};
use crate::diagnostics::Code;
use crate::memory::Region;
use crate::parse::Source;
use crate::parse::tree::{Basic, EntityKind, Expr, TagKind};

impl<'t, 'r, T: Source, U: Region<'r>, R: Region<'t>> Checker<'_, 't, 'r, T, U, R> {
    /// Checks a call: the function, then its arguments.
    pub fn call(&mut self, parts: &'t [Expr<'t>]) -> Operand {
        let Some((callee, arguments)) = parts.split_first() else { return Operand::ERROR };
        if let Expr::Name { entity, .. } = callee
            && entity.kind == EntityKind::Builtin
        {
            return self.builtin(entity.name, arguments);
        }
        let function = self.value_of(callee);
        let to = self.unit.types.pointee(function.ty);
        let signature = match to.map(|to| self.get(to)) {
            Some(Type::Function(signature)) => signature,
            _ => {
                for argument in arguments {
                    self.expression(argument);
                }
                if !function.is_error() {
                    let name = match callee {
                        Expr::Name { entity, .. } => format!("'{}' ", self.shown(entity.name)),
                        _ => String::new(),
                    };
                    let message = format!("called object {name}is not a function or function pointer");
                    self.complain(Code::NotAFunction, callee.pos(), message);
                }
                return Operand::ERROR;
            }
        };
        let name = match callee {
            Expr::Name { entity, .. } => format!("function '{}'", self.shown(entity.name)),
            _ => String::from("function"),
        };
        for (index, argument) in arguments.iter().enumerate() {
            let value = self.value_of(argument);
            let Some(&parameter) = signature.parameters.get(index) else {
                continue;
            };
            let is_union =
                self.unit.types.record(parameter).is_some_and(|record| record.kind == TagKind::Union);
            if !is_union && self.is_record_mismatch(parameter, value) {
                let message = format!(
                    "incompatible type for argument {} of {}",
                    index + 1,
                    name.replace("function ", "")
                );
                self.complain(Code::IncompatibleArgument, argument.pos(), message);
            }
        }
        if signature.is_prototype {
            let (given, wanted) = (arguments.len(), signature.parameters.len());
            let problem = if given < wanted {
                "too few"
            } else if given > wanted && !signature.is_variadic {
                "too many"
            } else {
                ""
            };
            if !problem.is_empty() {
                self.complain(Code::CallArity, callee.pos(), format!("{problem} arguments to {name}"));
            }
        }
        Operand::of(signature.result)
    }

    /// Checks a call of a built-in function. What is not known of one is not complained of.
    fn builtin(&mut self, name: crate::ids::Symbol, arguments: &'t [Expr<'t>]) -> Operand {
        let mut first = Operand::ERROR;
        for (index, argument) in arguments.iter().enumerate() {
            let value = self.value_of(argument);
            if index == 0 {
                first = value;
            }
        }
        let text = self.source.text(name);
        let of = |basic: Basic| Operand::of(Ty::of(basic));
        let pointee = self.unit.types.pointee(first.ty).map_or(Ty::ERROR, Ty::plain);
        let Some(name) = text.strip_prefix(b"__builtin_") else {
            // `__sync_` and `__atomic_`
            let ends = |end: &[u8]| text.ends_with(end);
            let is_truth = [
                &b"_bool_compare_and_swap"[..],
                b"_compare_exchange",
                b"_compare_exchange_n",
                b"_lock_free",
                b"_test_and_set",
            ];
            if is_truth.iter().any(|end| ends(end)) && text != b"__sync_lock_test_and_set" {
                return of(Basic::Bool);
            }
            let is_void = [&b"_store"[..], b"_store_n", b"_clear", b"_fence", b"_synchronize", b"_release"];
            let gives_by_pointer = [&b"_atomic_load"[..], b"_atomic_exchange"];
            if is_void.iter().chain(&gives_by_pointer).any(|end| ends(end)) {
                return of(Basic::Void);
            }
            return Operand::of(pointee);
        };
        match name {
            b"expect" | b"expect_with_probability" => Operand::constant(
                Ty::of(Basic::Long),
                convert(&self.unit.types, first.value, Ty::of(Basic::Long)),
            ),
            b"constant_p" => {
                let is_text = matches!(arguments, [Expr::String { .. }]);
                let is_constant = is_text || matches!(first.value, Value::Int(_) | Value::Float(_));
                Operand::constant(Ty::INT, Value::Int(i128::from(is_constant)))
            }
            b"bswap16" => of(Basic::UnsignedShort),
            b"bswap32" => of(Basic::Unsigned),
            b"bswap64" => of(Basic::UnsignedLong),
            b"clz" | b"ctz" | b"clzl" | b"ctzl" | b"clzll" | b"ctzll" | b"popcount" | b"popcountl"
            | b"popcountll" | b"ffs" | b"ffsl" | b"ffsll" | b"parity" | b"parityl" | b"parityll"
            | b"clrsb" => {
                let value = first.int().and_then(|value| bits(name, value));
                Operand::constant(Ty::INT, value.map_or(Value::Unknown, Value::Int))
            }
            b"huge_val" | b"inf" | b"nan" => {
                Operand::constant(Ty::of(Basic::Double), Value::Float(special(name)))
            }
            b"huge_valf" | b"inff" | b"nanf" => {
                Operand::constant(Ty::of(Basic::Float), Value::Float(special(name)))
            }
            b"huge_vall" | b"infl" | b"nanl" => {
                Operand::constant(Ty::of(Basic::LongDouble), Value::Float(special(name)))
            }
            b"unreachable" | b"trap" | b"abort" | b"va_start" | b"va_end" | b"va_copy" | b"prefetch"
            | b"free" | b"exit" | b"bzero" => of(Basic::Void),
            b"alloca" | b"memcpy" | b"memmove" | b"memset" | b"malloc" | b"calloc" | b"realloc"
            | b"frame_address" | b"return_address" | b"assume_aligned" | b"memchr" => {
                let void = self.pointer(Ty::VOID);
                Operand::of(void)
            }
            b"object_size" | b"dynamic_object_size" | b"strlen" => of(Basic::UnsignedLong),
            b"memcmp" | b"strcmp" | b"strncmp" | b"abs" | b"isnan" | b"isinf" | b"isfinite" | b"signbit" => {
                of(Basic::Int)
            }
            _ if name.ends_with(b"_overflow") || name.ends_with(b"_overflow_p") => of(Basic::Bool),
            _ => Operand::ERROR,
        }
    }
}

/// What the functions on bits give for a constant; nothing for zero where that means nothing.
fn bits(name: &[u8], value: i128) -> Option<i128> {
    let is_long = name.ends_with(b"l");
    let value = if is_long { value as u64 } else { u64::from(value as u32) };
    let width = if is_long { 64 } else { 32 };
    let nonzero = (value != 0).then_some(value);
    let count = match name {
        _ if name.starts_with(b"clz") => nonzero?.leading_zeros() - (64 - width),
        _ if name.starts_with(b"ctz") => nonzero?.trailing_zeros(),
        _ if name.starts_with(b"popcount") => value.count_ones(),
        _ if name.starts_with(b"parity") => value.count_ones() & 1,
        _ if name.starts_with(b"ffs") => nonzero.map_or(0, |value| value.trailing_zeros() + 1),
        _ => return None,
    };
    Some(i128::from(count))
}

fn special(name: &[u8]) -> f64 {
    if name.starts_with(b"nan") { f64::NAN } else { f64::INFINITY }
}
