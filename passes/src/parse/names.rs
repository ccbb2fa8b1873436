//! What names stand for: one table for a scope that lasts (the file's), one for scopes that nest (a function's).
//!
//! ```text
//! slots:     symbol -> the innermost binding as an ordinary name, and as a tag
//! bindings:  a stack; each knows the binding that it hides, so leaving a scope is popping
//! ```

use super::tree::{Entity, Tag};
use crate::ids::Symbol;
use crate::memory::{GrowVec, Region};

/// Slots of the first table.
const FIRST_LEN: usize = 64;
/// No binding.
const NONE: u32 = 0;

#[derive(Clone, Copy)]
struct Slot {
    // Symbol number and one; 0 is a free slot.
    key: u32,
    entity: u32,
    tag: u32,
}

const FREE: Slot = Slot { key: 0, entity: NONE, tag: NONE };

#[derive(Clone, Copy)]
struct Binding<'r> {
    name: Symbol,
    target: Target<'r>,
    // The binding that this one hides, from 1.
    hidden: u32,
    depth: u32,
}

/// What a name is bound to.
#[derive(Clone, Copy)]
enum Target<'r> {
    Entity(&'r Entity),
    Tag(&'r Tag),
}

/// Names, in memory of `'w`, and what they stand for, in memory of `'r`.
pub struct Names<'w, 'r> {
    slots: &'w mut [Slot],
    taken: usize,
    bindings: GrowVec<'w, Binding<'r>>,
}

/// How many bindings there were when a scope was entered.
#[derive(Clone, Copy)]
pub struct ScopeStart(usize);

impl<'w, 'r: 'w> Names<'w, 'r> {
    /// No names.
    pub fn new() -> Self {
        Self { slots: &mut [], taken: 0, bindings: GrowVec::new() }
    }

    /// The entity that `name` stands for, and the depth of its scope.
    #[inline]
    pub fn entity(&self, name: Symbol) -> Option<(&'r Entity, u32)> {
        let binding = self.binding(self.find(name)?.entity)?;
        match binding.target {
            Target::Entity(entity) => Some((entity, binding.depth)),
            Target::Tag(_) => None,
        }
    }

    /// The same for tags.
    #[inline]
    pub fn tag(&self, name: Symbol) -> Option<(&'r Tag, u32)> {
        let binding = self.binding(self.find(name)?.tag)?;
        match binding.target {
            Target::Tag(tag) => Some((tag, binding.depth)),
            Target::Entity(_) => None,
        }
    }

    /// Makes `name` stand for `entity` in the scope at `depth`, which must be the innermost one.
    pub fn bind_entity(&mut self, region: &impl Region<'w>, name: Symbol, entity: &'r Entity, depth: u32) {
        let number = self.bindings.len() as u32 + 1;
        let slot = self.slot(region, name);
        let hidden = std::mem::replace(&mut slot.entity, number);
        self.bindings.push(region, Binding { name, target: Target::Entity(entity), hidden, depth });
    }

    /// The same for tags.
    pub fn bind_tag(&mut self, region: &impl Region<'w>, name: Symbol, tag: &'r Tag, depth: u32) {
        let number = self.bindings.len() as u32 + 1;
        let slot = self.slot(region, name);
        let hidden = std::mem::replace(&mut slot.tag, number);
        self.bindings.push(region, Binding { name, target: Target::Tag(tag), hidden, depth });
    }

    /// Enters a scope.
    pub fn enter(&self) -> ScopeStart {
        ScopeStart(self.bindings.len())
    }

    /// Leaves the scope that was entered at `start`: its names stand again for what they stood for before.
    pub fn leave(&mut self, start: ScopeStart) {
        while self.bindings.len() > start.0 {
            let Some(binding) = self.bindings.pop() else { return };
            let Some(at) = self.index(binding.name) else { continue };
            match binding.target {
                Target::Entity(_) => self.slots[at].entity = binding.hidden,
                Target::Tag(_) => self.slots[at].tag = binding.hidden,
            }
        }
    }

    fn binding(&self, number: u32) -> Option<&Binding<'r>> {
        self.bindings.as_slice().get(number.checked_sub(1)? as usize)
    }

    fn find(&self, name: Symbol) -> Option<Slot> {
        self.index(name).map(|at| self.slots[at])
    }

    /// Where `name`'s slot is.
    #[inline]
    fn index(&self, name: Symbol) -> Option<usize> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut at = hash(name) & mask;
        loop {
            let key = self.slots[at].key;
            if key == name.0 + 1 {
                return Some(at);
            }
            if key == 0 {
                return None;
            }
            at = (at + 1) & mask;
        }
    }

    /// `name`'s slot, made if it is not there.
    fn slot(&mut self, region: &impl Region<'w>, name: Symbol) -> &mut Slot {
        if let Some(at) = self.index(name) {
            return &mut self.slots[at];
        }
        // At most half are taken, so that a probe ends soon, and ends at all.
        if (self.taken + 1) * 2 > self.slots.len() {
            self.grow(region);
        }
        self.taken += 1;
        let at = free_place(self.slots, name);
        self.slots[at].key = name.0 + 1;
        &mut self.slots[at]
    }

    #[cold]
    fn grow(&mut self, region: &impl Region<'w>) {
        let larger = region.slice_fill((self.slots.len() * 2).max(FIRST_LEN), FREE);
        for slot in self.slots.iter().filter(|slot| slot.key != 0) {
            larger[free_place(larger, Symbol(slot.key - 1))] = *slot;
        }
        self.slots = larger;
    }
}

fn free_place(slots: &[Slot], name: Symbol) -> usize {
    let mask = slots.len() - 1;
    let mut at = hash(name) & mask;
    while slots[at].key != 0 {
        at = (at + 1) & mask;
    }
    at
}

#[inline]
fn hash(name: Symbol) -> usize {
    (name.0.wrapping_mul(0x9E37_79B1) >> 7) as usize
}
