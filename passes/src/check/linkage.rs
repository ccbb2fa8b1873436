//! Which declarations of one name go together: linkage, storage, values given twice.

use super::checker::Checker;
use super::types::{Ty, Type};
use crate::diagnostics::Code;
use crate::memory::Region;
use crate::parse::Source;
use crate::parse::tree::{
    Declaration, Entity, EntityKind, InitDeclarator, Specifiers, Storage, flag, linkage,
};
use crate::source::Pos;

impl<'t, 'r, T: Source, U: Region<'r>, R: Region<'t>> Checker<'_, 't, 'r, T, U, R> {
    /// Notes what a declaration of `entity` says of its linkage and storage, and reports what contradicts those before.
    pub fn link(&mut self, specifiers: &Specifiers<'_>, entity: &Entity, pos: Pos, ty: Ty, at_top: bool) {
        let storage = specifiers.storage;
        let known = entity.linkage.get();
        let is_function = matches!(self.get(ty), Type::Function(_));
        // A body that is only there to be inlined says nothing of the function that others call.
        let is_inline_only = storage == Storage::Extern && specifiers.flags & flag::INLINE != 0;
        if storage == Storage::Typedef || is_function && is_inline_only && known == 0 {
            return;
        }
        let name = || self.shown(entity.name);
        let has_linkage = at_top || is_function || storage == Storage::Extern;
        let problem = match storage {
            Storage::Static if is_function && !at_top => {
                Some((Code::StorageClass, format!("invalid storage class for function '{}'", name())))
            }
            Storage::None | Storage::Auto if is_function && self.nesting > 0 && known == 0 => None,
            Storage::Register if is_function => {
                Some((Code::StorageClass, format!("invalid storage class for function '{}'", name())))
            }
            Storage::Auto if at_top => {
                Some((Code::StorageClass, format!("file-scope declaration of '{}' specifies 'auto'", name())))
            }
            Storage::Static if has_linkage && known & linkage::EXTERNAL != 0 => {
                let message = format!("static declaration of '{}' follows non-static declaration", name());
                Some((Code::Linkage, message))
            }
            Storage::None if at_top && !is_function && known & linkage::INTERNAL != 0 => {
                let message = format!("non-static declaration of '{}' follows static declaration", name());
                Some((Code::Linkage, message))
            }
            _ => None,
        };
        let is_thread = specifiers.flags & flag::THREAD != 0;
        let was_thread = known & linkage::THREAD != 0;
        let problem = problem.or_else(|| {
            let contradicts = known & (linkage::EXTERNAL | linkage::INTERNAL) != 0 && is_thread != was_thread;
            contradicts.then(|| {
                let (now, before) = if is_thread {
                    ("thread-local", "non-thread-local")
                } else {
                    ("non-thread-local", "thread-local")
                };
                (Code::Linkage, format!("{now} declaration of '{}' follows {before} declaration", name()))
            })
        });
        if let Some((code, message)) = problem {
            self.complain(code, pos, message);
            if code == Code::Linkage {
                let note = format!("previous declaration of '{}' was here", self.shown(entity.name));
                self.note(code, entity.pos, note);
            }
        }
        let mut now = known;
        if has_linkage {
            now |= linkage::STATIC;
            if known & (linkage::EXTERNAL | linkage::INTERNAL) == 0 {
                now |= if storage == Storage::Static { linkage::INTERNAL } else { linkage::EXTERNAL };
            }
        } else if storage == Storage::Static {
            now |= linkage::STATIC;
        }
        now |= if storage == Storage::Register { linkage::REGISTER } else { 0 };
        now |= if is_thread { linkage::THREAD } else { 0 };
        entity.linkage.set(now);
    }

    /// Notes that a declaration gives `entity` its value, and reports a second one, or one where none may be.
    pub fn give_value(
        &mut self,
        specifiers: &Specifiers<'_>,
        entity: &Entity,
        pos: Pos,
        ty: Ty,
        at_top: bool,
    ) {
        if matches!(self.get(ty), Type::Function(_)) {
            let message = format!("function '{}' is initialized like a variable", self.shown(entity.name));
            self.complain(Code::InvalidInitializer, pos, message);
        } else if specifiers.storage == Storage::Extern && !at_top {
            let message = format!("'{}' has both 'extern' and initializer", self.shown(entity.name));
            self.complain(Code::Linkage, pos, message);
        } else if at_top && entity.linkage.get() & linkage::INITIALIZED != 0 {
            let name = self.shown(entity.name);
            self.complain(Code::ObjectRedefined, pos, format!("redefinition of '{name}'"));
            self.note(Code::ObjectRedefined, entity.pos, format!("previous definition of '{name}' was here"));
        }
        entity.linkage.set(entity.linkage.get() | linkage::INITIALIZED);
    }

    /// Checks the storage of a function with a body.
    pub fn check_definition(&mut self, specifiers: &Specifiers<'_>, pos: Pos) {
        let word = match specifiers.storage {
            Storage::Typedef => "typedef",
            Storage::Auto if self.nesting == 0 => "auto",
            Storage::Register => "register",
            _ if specifiers.flags & flag::THREAD != 0 => "_Thread_local",
            _ => return,
        };
        self.complain(Code::StorageClass, pos, format!("function definition declared '{word}'"));
    }

    /// Checks the declaration at the start of a `for`: it declares objects of the loop only.
    pub fn check_loop_declaration(&mut self, declaration: &Declaration<'t>) {
        let Declaration::Names { specifiers, declarators } = *declaration else { return };
        for InitDeclarator { entity, pos, .. } in declarators {
            let is_object = matches!(entity.kind, EntityKind::Object)
                && !matches!(self.get(Ty::of_entity(entity)), Type::Function(_));
            let what = match specifiers.storage {
                _ if !is_object => "non-variable",
                Storage::Static => "static variable",
                Storage::Extern => "'extern' variable",
                _ => continue,
            };
            let name = self.shown(entity.name);
            let message = format!("declaration of {what} '{name}' in 'for' loop initial declaration");
            self.complain(Code::LoopDeclaration, *pos, message);
        }
    }
}
