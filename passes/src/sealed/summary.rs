//! What other units see of a unit: what it defines for them, without places.

use crate::check::types::{Ty, Types};
use crate::ids;
use crate::parse::tree::{Declaration, EntityKind, External, InitDeclarator, Specifiers, Storage};
use crate::preprocess::shown;

/// Who sees a definition.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Linkage {
    /// All units.
    External,
    /// This unit: `static`.
    Internal,
}

/// A function or an object that a unit defines.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Symbol {
    /// The name.
    pub name: String,
    /// The type, as messages spell it.
    pub ty: String,
    /// Who sees it.
    pub linkage: Linkage,
}

/// What a unit defines, in order. Equal for units that differ in places and bodies alone.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Summary {
    /// Functions with bodies.
    pub functions: Vec<Symbol>,
    /// Objects that are not merely declared `extern`.
    pub objects: Vec<Symbol>,
}

impl Summary {
    /// The summary of a unit with `externals` at its top.
    pub(super) fn of<'t>(
        externals: &[External<'_>],
        types: &Types<'_>,
        text: &dyn Fn(ids::Symbol) -> &'t [u8],
    ) -> Self {
        let spell = |name: ids::Symbol| shown(text(name));
        let symbol = |specifiers: &Specifiers<'_>, declarator: &InitDeclarator<'_>| Symbol {
            name: spell(declarator.entity.name),
            ty: types.show(Ty::of_entity(declarator.entity), &spell),
            linkage: if specifiers.storage == Storage::Static {
                Linkage::Internal
            } else {
                Linkage::External
            },
        };
        let mut summary = Summary::default();
        for external in externals {
            match external {
                External::Function(function) => {
                    summary.functions.push(symbol(function.specifiers, &function.declarator));
                }
                External::Declaration(Declaration::Names { specifiers, declarators, .. }) => {
                    for declarator in *declarators {
                        let is_object = declarator.entity.kind == EntityKind::Object;
                        let is_here = specifiers.storage != Storage::Extern || declarator.init.is_some();
                        if is_object && is_here {
                            summary.objects.push(symbol(specifiers, declarator));
                        }
                    }
                }
                External::Declaration(Declaration::Function(_) | Declaration::StaticAssert { .. }) => {}
            }
        }
        summary
    }
}
