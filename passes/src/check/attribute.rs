//! What attributes say of a declaration and of its type.

use super::checker::Checker;
use super::declare::Aligned;
use super::types::{Signature, Ty, Type};
use crate::diagnostics::Code;
use crate::ids::Symbol;
use crate::memory::Region;
use crate::parse::Source;
use crate::parse::tree::{
    Attribute, Basic, Derivation, Expr, InitDeclarator, Specifiers, Storage, TagKind, TypeName, TypeSpecifier,
};
use crate::source::Pos;

/// The largest alignment that an attribute may ask for, and the largest vector, in bytes.
const ALIGN_MAX: u64 = 1 << 28;

/// The last of the functions that run before and behind `main`.
const PRIORITY_MAX: i128 = 65535;

/// The alignment that specifiers ask for, which themselves ask for `own`: of `align`, to which the `typedef` among them may have raised it.
pub fn asked_alignment(specifiers: &Specifiers<'_>, own: u64, align: u64) -> u64 {
    let is_raised = matches!(specifiers.base, TypeSpecifier::Named(entity) if entity.value.get() > 0);
    if is_raised { own } else { align }
}

impl<'t, 'r, T: Source, U: Region<'r>, R: Region<'t>> Checker<'_, 't, 'r, T, U, R> {
    /// Changes `ty` and `align` as attributes say.
    pub fn apply(&mut self, attributes: &'t [Attribute<'t>], ty: &mut Ty, align: &mut u64) {
        for attribute in attributes {
            match *attribute {
                Attribute::Aligned(None) => *align = (*align).max(16),
                Attribute::Aligned(Some(value)) => {
                    *align = (*align).max(self.alignment(value));
                }
                Attribute::AlignedAs(name) => *align = (*align).max(self.alignment_of_type(name)),
                Attribute::Mode(mode) => {
                    let is_vector =
                        matches!(self.source.text(mode).trim_ascii_start(), [b'V', b'0'..=b'9', ..]);
                    let is_apt = match self.get(*ty) {
                        Type::Record(_) | Type::Array(..) | Type::Function(_) => false,
                        Type::Enum(_) => !is_vector,
                        _ => true,
                    };
                    if !is_apt {
                        let message = format!("mode '{}' applied to inappropriate type", self.shown(mode));
                        self.complain(Code::AttributeArguments, self.at, message);
                    }
                    *ty = self.moded(*ty, mode);
                }
                Attribute::VectorSize(bytes) => {
                    let bytes = self.expression(bytes).int().and_then(|bytes| u64::try_from(bytes).ok());
                    *ty = self.vector_of(*ty, bytes);
                }
                Attribute::Priority(name, priority) => {
                    let priority = self.expression(priority);
                    let is_right = self.unit.types.integer(priority.ty).is_some()
                        && priority.int().is_some_and(|priority| (0..=PRIORITY_MAX).contains(&priority));
                    if !is_right && !priority.is_error() {
                        let name = self.shown(name);
                        let name = name.trim_matches('_');
                        let message =
                            format!("{name} priorities must be integers from 0 to {PRIORITY_MAX} inclusive");
                        self.complain(Code::AttributeArguments, self.at, message);
                    }
                }
                Attribute::TransparentUnion => self.make_transparent(*ty),
                Attribute::Packed => {}
                // They say nothing of the type.
                Attribute::Weak
                | Attribute::Alias
                | Attribute::Unavailable
                | Attribute::GnuInline
                | Attribute::AsmName => {}
            }
        }
    }

    /// Has functions that take the union `ty` take what its members take; gcc does so for the name that a `typedef` gives it only.
    fn make_transparent(&mut self, ty: Ty) {
        if let Type::Record(number) = self.get(ty)
            && let Some(record) = self.unit.types.records.as_mut_slice().get_mut(number as usize)
        {
            record.is_transparent = record.kind == TagKind::Union;
        }
    }

    /// `of` with a vector of so many bytes, if they are known, for what stands behind pointers, arrays and functions; `of`, if there is none.
    fn vector_of(&mut self, of: Ty, bytes: Option<u64>) -> Ty {
        let derived = match self.get(of) {
            Type::Pointer(to) => Some(Type::Pointer(self.vector_of(to, bytes))),
            Type::Array(element, len) => Some(Type::Array(self.vector_of(element, bytes), len)),
            Type::Function(signature) => {
                let result = self.vector_of(signature.result, bytes);
                Some(Type::Function(Signature { result, ..signature }))
            }
            _ => None,
        };
        if let Some(derived) = derived {
            return self.intern(derived).with(of.qualifiers());
        }
        let is_element = match self.get(of) {
            Type::Record(_) | Type::Vector(..) => false,
            Type::Basic(basic) => {
                !basic.is_complex() && !matches!(basic, Basic::Bool | Basic::Void | Basic::VaList)
            }
            _ => true,
        };
        let size = self.unit.types.size(of).unwrap_or(1).max(1);
        let message = match bytes {
            _ if !is_element => String::from("invalid vector type for attribute 'vector_size'"),
            Some(0) => String::from("zero vector size"),
            Some(bytes) if bytes % size != 0 => {
                String::from("vector size not an integral multiple of component size")
            }
            Some(bytes) if !bytes.is_power_of_two() => {
                format!("number of vector components {} not a power of two", bytes / size)
            }
            Some(bytes) if bytes <= ALIGN_MAX => {
                return self.intern(Type::Vector(of.plain(), bytes)).with(of.qualifiers());
            }
            _ => return of,
        };
        self.complain(Code::AttributeArguments, self.at, message);
        of
    }

    /// Reports `_Alignas` where it cannot stand; it asked for `align` for something of type `ty`.
    pub fn check_alignas(
        &mut self,
        specifiers: &Specifiers<'_>,
        declarator: &InitDeclarator<'_>,
        ty: Ty,
        align: u64,
    ) {
        let name = self.shown(declarator.entity.name);
        let what = match specifiers.storage {
            Storage::Typedef => format!("typedef '{name}'"),
            _ if matches!(self.get(ty), Type::Function(_)) => format!("function '{name}'"),
            Storage::Register => format!("'register' object '{name}'"),
            _ => {
                let natural = self.natural_alignment(specifiers, declarator.derivations, ty);
                return self.require_alignment(align, natural, declarator.entity.name, declarator.pos);
            }
        };
        self.complain(Code::BadAlignment, declarator.pos, format!("alignment specified for {what}"));
    }

    /// Reports the alignment `align` of `name`, if it is less than the `natural` one of its type.
    pub fn require_alignment(&mut self, align: u64, natural: u64, name: Symbol, pos: Pos) {
        if (1..natural).contains(&align) {
            let name = self.shown(name);
            let message = format!("'_Alignas' specifiers cannot reduce alignment of '{name}'");
            self.complain(Code::BadAlignment, pos, message);
        }
    }

    /// The alignment of what has type `ty` by these specifiers: that of their `typedef`, if it asks for one.
    pub fn natural_alignment(
        &self,
        specifiers: &Specifiers<'_>,
        derivations: &[Derivation<'_>],
        ty: Ty,
    ) -> u64 {
        match specifiers.base {
            TypeSpecifier::Named(entity) if entity.value.get() > 0 && self.keeps_alignment(derivations) => {
                entity.value.get() as u64
            }
            _ => self.unit.types.align(ty),
        }
    }

    /// What `_Alignas(name)` asks for.
    fn alignment_of_type(&mut self, name: &'t TypeName<'t>) -> u64 {
        let Aligned { ty, align, .. } = self.aligned_type_name(name);
        if align > 0 { align } else { self.unit.types.align(ty) }
    }

    /// The alignment that an attribute asks for.
    fn alignment(&mut self, expression: &'t Expr<'t>) -> u64 {
        let value = self.expression(expression);
        if value.is_error() {
            return 0;
        }
        let message = match value.int() {
            None => String::from("requested alignment is not an integer constant"),
            Some(asked) => match u64::try_from(asked) {
                Ok(0) => return 0,
                Ok(align) if align.is_power_of_two() && align <= ALIGN_MAX => return align,
                Ok(align) if align.is_power_of_two() => {
                    format!("requested alignment '{align}' exceeds maximum {ALIGN_MAX}")
                }
                _ => format!("requested alignment '{asked}' is not a positive power of 2"),
            },
        };
        self.complain(Code::BadAlignment, expression.pos(), message);
        0
    }

    fn moded(&self, ty: Ty, mode: Symbol) -> Ty {
        let text = self.source.text(mode);
        let plain = text.strip_prefix(b"__").and_then(|rest| rest.strip_suffix(b"__")).unwrap_or(text);
        let is_unsigned = self.unit.types.integer(ty).is_some_and(Basic::is_unsigned);
        let pick = |signed: Basic| Ty::of(if is_unsigned { signed.to_unsigned() } else { signed });
        match plain {
            b"QI" | b"byte" => pick(Basic::SignedChar),
            b"HI" => pick(Basic::Short),
            b"SI" => pick(Basic::Int),
            b"DI" | b"word" | b"pointer" => pick(Basic::Long),
            b"TI" => pick(Basic::Int128),
            b"SF" => Ty::of(Basic::Float),
            b"DF" => Ty::of(Basic::Double),
            b"XF" => Ty::of(Basic::LongDouble),
            b"TF" => Ty::of(Basic::Float128),
            b"SC" => Ty::of(Basic::ComplexFloat),
            b"DC" => Ty::of(Basic::ComplexDouble),
            b"XC" => Ty::of(Basic::ComplexLongDouble),
            b"TC" => Ty::of(Basic::ComplexFloat128),
            b"CQI" => Ty::of(Basic::ComplexSignedChar),
            b"CHI" => Ty::of(Basic::ComplexShort),
            b"CSI" => Ty::of(Basic::ComplexInt),
            b"CDI" => Ty::of(Basic::ComplexLong),
            _ => ty,
        }
    }
}

/// Whether `wanted` is among the attributes of a declaration or of what it declares.
pub fn says(
    specifiers: &Specifiers<'_>,
    declarator: &InitDeclarator<'_>,
    wanted: fn(&Attribute<'_>) -> bool,
) -> bool {
    specifiers.attributes.iter().chain(declarator.attributes.as_slice()).any(wanted)
}

/// Whether a declaration forbids the use of what it declares.
pub fn says_unavailable(specifiers: &Specifiers<'_>, declarator: &InitDeclarator<'_>) -> bool {
    says(specifiers, declarator, |attribute| matches!(attribute, Attribute::Unavailable))
}
