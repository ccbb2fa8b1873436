//! Lists whose length is known when they are complete: stacks on which they grow, and slices of the tree that they become.

use super::tree::{
    Attribute, Derivation, Designator, Enumerator, Expr, InitDeclarator, Member, Parameter, Rare, Statement,
};
use crate::ids::Symbol;
use crate::memory::{GrowVec, Region};

/// Lists in the making: each is a stack, of which whoever makes a list uses the upper end.
pub struct Lists<'w, 't> {
    pub exprs: GrowVec<'w, Expr<'t>>,
    pub statements: GrowVec<'w, Statement<'t>>,
    pub derivations: GrowVec<'w, Derivation<'t>>,
    pub attributes: GrowVec<'w, Attribute<'t>>,
    pub declarators: GrowVec<'w, InitDeclarator<'t>>,
    pub members: GrowVec<'w, Member<'t>>,
    pub parameters: GrowVec<'w, Parameter<'t>>,
    pub enumerators: GrowVec<'w, Enumerator<'t>>,
    pub designators: GrowVec<'w, Designator<'t>>,
    pub symbols: GrowVec<'w, Symbol>,
}

impl<'t> Lists<'_, 't> {
    /// No lists.
    pub fn new() -> Self {
        Self {
            exprs: GrowVec::new(),
            statements: GrowVec::new(),
            derivations: GrowVec::new(),
            attributes: GrowVec::new(),
            declarators: GrowVec::new(),
            members: GrowVec::new(),
            parameters: GrowVec::new(),
            enumerators: GrowVec::new(),
            designators: GrowVec::new(),
            symbols: GrowVec::new(),
        }
    }
}

/// [`finish`] of a list that is nearly always empty.
pub fn finish_rare<'t, V: Copy>(
    list: &mut GrowVec<'_, V>,
    start: usize,
    region: &impl Region<'t>,
) -> Rare<'t, V> {
    match finish(list, start, region) {
        [] => Rare::EMPTY,
        items => Rare::new(&region.slice_copy(&[items])[0]),
    }
}

/// Moves what was put on a stack since it had `start` items into a slice of the tree.
pub fn finish<'t, V: Copy>(list: &mut GrowVec<'_, V>, start: usize, region: &impl Region<'t>) -> &'t [V] {
    if list.len() == start {
        return &[];
    }
    let items = region.slice_copy(&list.as_slice()[start..]);
    list.truncate(start);
    items
}
