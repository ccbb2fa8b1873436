//! Which declarations of one name go together: linkage, storage, values given twice; and which may stand where they do.

use super::checker::Checker;
use super::types::{Ty, Type};
use crate::diagnostics::Code;
use crate::ids::Symbol;
use crate::memory::Region;
use crate::parse::Source;
use crate::parse::tree::{
    Attribute, Declaration, Entity, EntityKind, InitDeclarator, Specifiers, Storage, TypeSpecifier, flag,
    linkage,
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

    /// Reports what may not be declared here: something whose size is found out later, or that others have to find, or `void`.
    pub fn check_place(
        &mut self,
        specifiers: &Specifiers<'_>,
        entity: &Entity,
        pos: Pos,
        ty: Ty,
        at_top: bool,
        is_known: bool,
    ) {
        let storage = specifiers.storage;
        let is_function = matches!(self.get(ty), Type::Function(_));
        let is_modified = self.is_variably_modified(ty);
        let name = || self.shown(entity.name);
        let is_thread = specifiers.flags & flag::THREAD != 0;
        let (code, message) = match storage {
            _ if is_thread && is_function => {
                (Code::StorageClass, format!("invalid storage class for function '{}'", name()))
            }
            Storage::None if is_thread && !at_top => {
                let what = "implicitly auto and declared '_Thread_local'";
                (Code::StorageClass, format!("function-scope '{}' {what}", name()))
            }
            Storage::Typedef if is_known && is_modified => (
                Code::VariablyModified,
                format!("redefinition of typedef '{}' with variably modified type", name()),
            ),
            Storage::Typedef => return,
            Storage::Extern if !at_top && is_modified && !is_function => (
                Code::VariablyModified,
                String::from("object with variably modified type must have no linkage"),
            ),
            Storage::Extern
                if !at_top
                    && is_known
                    && !is_function
                    && entity.linkage.get() & (linkage::EXTERNAL | linkage::INTERNAL) == 0 =>
            {
                (
                    Code::Linkage,
                    format!("extern declaration of '{}' follows declaration with no linkage", name()),
                )
            }
            Storage::Static if !at_top && self.is_variable_sized(ty) => {
                (Code::VariablyModified, format!("storage size of '{}' isn't constant", name()))
            }
            Storage::Static | Storage::Register if at_top && self.is_void(ty) => {
                (Code::IncompleteObject, format!("variable or field '{}' declared void", name()))
            }
            _ => match self.get(ty) {
                Type::Function(signature) if !at_top && self.is_variably_modified(signature.result) => {
                    (Code::VariablyModified, String::from("non-nested function with variably modified type"))
                }
                _ => return,
            },
        };
        self.complain(code, pos, message);
    }

    /// Reports attributes of a declaration, which was linked, that do not go with it, and notes those that count later.
    pub fn check_attributes(
        &mut self,
        specifiers: &Specifiers<'_>,
        declarator: &InitDeclarator<'_>,
        ty: Ty,
        at_top: bool,
    ) {
        let is_register = at_top && specifiers.storage == Storage::Register;
        if specifiers.attributes.is_empty() && declarator.attributes.as_slice().is_empty() && !is_register {
            return;
        }
        let (entity, pos) = (declarator.entity, declarator.pos);
        let mut is_named = false;
        for attribute in specifiers.attributes.iter().chain(declarator.attributes.as_slice()) {
            let now = entity.linkage.get();
            let is_function = matches!(self.get(ty), Type::Function(_));
            match attribute {
                Attribute::AsmName => is_named = true,
                Attribute::Unavailable => entity.linkage.set(now | linkage::UNAVAILABLE),
                Attribute::Weak if now & linkage::INTERNAL != 0 && entity.kind != EntityKind::Typedef => {
                    let message = format!("weak declaration of '{}' must be public", self.shown(entity.name));
                    self.complain(Code::Linkage, pos, message);
                }
                Attribute::Alias if matches!(entity.kind, EntityKind::Object | EntityKind::Function) => {
                    let name = self.shown(entity.name);
                    let is_static = now & linkage::INTERNAL != 0;
                    let is_definition = !is_function
                        && (declarator.init.is_some() || !is_static && specifiers.storage != Storage::Extern);
                    if is_definition {
                        let message = format!("'{name}' defined both normally and as 'alias' attribute");
                        self.complain(Code::ObjectRedefined, pos, message);
                    } else if is_function && now & linkage::DEFINED != 0 {
                        self.complain(Code::ObjectRedefined, pos, format!("redefinition of '{name}'"));
                    }
                    if is_function {
                        entity.linkage.set(now | linkage::DEFINED);
                    }
                }
                _ => {}
            }
        }
        if is_register && !is_named && entity.kind == EntityKind::Object {
            let message = format!("register name not specified for '{}'", self.shown(entity.name));
            self.complain(Code::StorageClass, pos, message);
        }
    }

    /// Reports the use of what nobody may use.
    pub fn check_available(&mut self, entity: &Entity, pos: Pos) {
        if entity.linkage.get() & linkage::UNAVAILABLE != 0 && !self.is_unavailable {
            self.complain(Code::Unavailable, pos, format!("'{}' is unavailable", self.shown(entity.name)));
        }
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
    pub fn check_definition(&mut self, specifiers: &Specifiers<'_>, name: Symbol, pos: Pos) {
        if specifiers.flags & flag::ALIGNAS != 0 {
            let message = format!("alignment specified for function '{}'", self.shown(name));
            self.complain(Code::BadAlignment, pos, message);
        }
        let word = match specifiers.storage {
            Storage::Typedef => "typedef",
            Storage::Extern if self.nesting > 0 => "extern",
            Storage::Register => "register",
            _ if specifiers.flags & flag::THREAD != 0 => "_Thread_local",
            _ => return,
        };
        self.complain(Code::StorageClass, pos, format!("function definition declared '{word}'"));
    }

    /// Checks the declaration at the start of the `for` at `loop_pos`: it declares objects of the loop only.
    pub fn check_loop_declaration(&mut self, loop_pos: Pos, declaration: &Declaration<'t>) {
        let Declaration::Names { specifiers, declarators, .. } = *declaration else { return };
        let tag = match specifiers.base {
            TypeSpecifier::Record(record) => Some(record.tag),
            TypeSpecifier::Enum(specifier) => Some(specifier.tag),
            _ => None,
        };
        if let (Some(tag), []) = (tag, declarators) {
            let (word, name) = (tag.kind.word(), self.shown(tag.name));
            let message = format!("'{word} {name}' declared in 'for' loop initial declaration");
            self.complain(Code::LoopDeclaration, loop_pos, message);
        }
        for InitDeclarator { entity, pos, .. } in declarators {
            let is_object = matches!(entity.kind, EntityKind::Object)
                && !matches!(self.get(Ty::of_entity(entity)), Type::Function(_));
            let (what, pos) = match specifiers.storage {
                _ if !is_object => ("non-variable", loop_pos),
                Storage::Static => ("static variable", *pos),
                Storage::Extern => ("'extern' variable", *pos),
                _ => continue,
            };
            let name = self.shown(entity.name);
            let message = format!("declaration of {what} '{name}' in 'for' loop initial declaration");
            self.complain(Code::LoopDeclaration, pos, message);
        }
    }
}
