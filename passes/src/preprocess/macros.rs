//! The macro table of a unit: for every symbol of the session the number of its definition.
//!
//! The numbers stand in a dense array that belongs to the worker, lies in the session's shared memory and is cleared at the end of a
//! unit by walking what the unit defined, so that a unit pays for its own definitions and not for the session's spellings.

use crate::ids::Symbol;
use crate::lex::Definition;
use crate::memory::{GrowVec, Region};

/// The number of a macro in its unit, from 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MacroId(pub u32);

/// What a name stands for.
#[derive(Clone, Copy)]
pub enum Macro<'u> {
    /// A `#define`.
    Defined(&'u Definition<'u>),
    /// A macro that the preprocessor computes.
    Builtin(Builtin),
}

/// Macros that the preprocessor computes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Builtin {
    /// `__FILE__`
    File,
    /// `__FILE_NAME__`: the same without its folders
    FileName,
    /// `__LINE__`
    Line,
    /// `__DATE__`
    Date,
    /// `__TIME__`
    Time,
    /// `__TIMESTAMP__`
    Timestamp,
    /// `__COUNTER__`
    Counter,
    /// `__INCLUDE_LEVEL__`
    IncludeLevel,
    /// `__BASE_FILE__`
    BaseFile,
    /// `_Pragma`
    Pragma,
    /// `__has_include`
    HasInclude,
    /// `__has_include_next`
    HasIncludeNext,
    /// `__has_attribute` and `__has_cpp_attribute`
    HasAttribute,
    /// `__has_c_attribute`
    HasStandardAttribute,
    /// `__has_builtin`
    HasFunction,
}

#[derive(Clone, Copy)]
struct Row<'u> {
    meaning: Macro<'u>,
    // Being expanded: the name is not expanded again inside.
    disabled: bool,
}

const POISONED: u32 = u32::MAX;

/// The numbers of a worker's current unit; all zero between units.
#[derive(Default)]
pub struct MacroNumbers<'p> {
    by_symbol: &'p mut [u32],
}

impl<'p> MacroNumbers<'p> {
    /// Makes room for `name`.
    #[cold]
    #[inline(never)]
    fn grow(&mut self, shared: &impl Region<'p>, name: Symbol) {
        let larger = shared.slice_fill((name.0 as usize + 1).next_power_of_two().max(4096), 0);
        larger[..self.by_symbol.len()].copy_from_slice(self.by_symbol);
        self.by_symbol = larger;
    }
}

/// The macros of a unit.
pub struct MacroTable<'u, 'p> {
    numbers: &'u mut MacroNumbers<'p>,
    rows: GrowVec<'u, Row<'u>>,
    // Symbols whose number may not be zero.
    touched: GrowVec<'u, Symbol>,
    pushed: GrowVec<'u, (Symbol, u32)>,
    /// Some name is poisoned.
    pub has_poison: bool,
}

impl<'u, 'p> MacroTable<'u, 'p> {
    /// A table without macros.
    pub fn new(numbers: &'u mut MacroNumbers<'p>) -> Self {
        debug_assert!(numbers.by_symbol.iter().all(|&number| number == 0));
        Self {
            numbers,
            rows: GrowVec::new(),
            touched: GrowVec::new(),
            pushed: GrowVec::new(),
            has_poison: false,
        }
    }

    /// The macro that `name` stands for.
    #[inline]
    pub fn find(&self, name: Symbol) -> Option<MacroId> {
        match self.numbers.by_symbol.get(name.0 as usize) {
            Some(&number) if number != 0 => self.found(number),
            _ => None,
        }
    }

    #[inline]
    fn found(&self, number: u32) -> Option<MacroId> {
        (number != POISONED).then_some(MacroId(number))
    }

    /// Whether a use of `name` is an error.
    pub fn is_poisoned(&self, name: Symbol) -> bool {
        self.numbers.by_symbol.get(name.0 as usize) == Some(&POISONED)
    }

    /// Whether `name` stands for nothing and may be used: the common case of [`MacroTable::find`].
    #[inline]
    pub fn is_plain(&self, name: Symbol) -> bool {
        self.numbers.by_symbol.get(name.0 as usize).is_none_or(|&number| number == 0)
    }

    /// What macro `id` is.
    #[inline]
    pub fn meaning(&self, id: MacroId) -> Macro<'u> {
        self.rows.as_slice()[id.0 as usize - 1].meaning
    }

    /// Whether macro `id` is being expanded.
    #[inline]
    pub fn is_disabled(&self, id: MacroId) -> bool {
        self.rows.as_slice()[id.0 as usize - 1].disabled
    }

    /// Says whether macro `id` is being expanded.
    #[inline]
    pub fn set_disabled(&mut self, id: MacroId, disabled: bool) {
        self.rows.as_mut_slice()[id.0 as usize - 1].disabled = disabled;
    }

    /// Makes `name` stand for `meaning`.
    pub fn define(
        &mut self,
        region: &impl Region<'u>,
        shared: &impl Region<'p>,
        name: Symbol,
        meaning: Macro<'u>,
    ) {
        self.rows.push(region, Row { meaning, disabled: false });
        self.set(region, shared, name, self.rows.len() as u32);
    }

    /// Makes `name` stand for nothing.
    pub fn undefine(&mut self, name: Symbol) {
        if let Some(number) = self.numbers.by_symbol.get_mut(name.0 as usize) {
            *number = 0;
        }
    }

    /// Makes every use of `name` an error.
    pub fn poison(&mut self, region: &impl Region<'u>, shared: &impl Region<'p>, name: Symbol) {
        self.has_poison = true;
        self.set(region, shared, name, POISONED);
    }

    /// `#pragma push_macro`
    pub fn push(&mut self, region: &impl Region<'u>, name: Symbol) {
        let number = self.numbers.by_symbol.get(name.0 as usize).copied().unwrap_or(0);
        self.pushed.push(region, (name, number));
    }

    /// `#pragma pop_macro`: what `name` stood for at the last push, if it was pushed.
    pub fn pop(&mut self, region: &impl Region<'u>, shared: &impl Region<'p>, name: Symbol) {
        let Some(at) = self.pushed.as_slice().iter().rposition(|&(pushed, _)| pushed == name) else { return };
        let number = self.pushed.as_slice()[at].1;
        self.pushed.as_mut_slice()[at].0 = Symbol::EMPTY;
        while self.pushed.as_slice().last().is_some_and(|&(name, _)| name == Symbol::EMPTY) {
            self.pushed.pop();
        }
        self.set(region, shared, name, number);
    }

    fn set(&mut self, region: &impl Region<'u>, shared: &impl Region<'p>, name: Symbol, number: u32) {
        let index = name.0 as usize;
        if index >= self.numbers.by_symbol.len() {
            self.numbers.grow(shared, name);
        }
        let slot = &mut self.numbers.by_symbol[index];
        if *slot == 0 && number != 0 {
            self.touched.push(region, name);
        }
        *slot = number;
    }

    /// Every name that stands for something, in the order of definition.
    pub fn names(&self) -> impl Iterator<Item = (Symbol, Macro<'u>)> + '_ {
        self.rows.as_slice().iter().enumerate().filter_map(|(index, row)| {
            let name = match row.meaning {
                Macro::Defined(definition) => definition.name,
                Macro::Builtin(_) => return None,
            };
            (self.numbers.by_symbol.get(name.0 as usize) == Some(&(index as u32 + 1)))
                .then_some((name, row.meaning))
        })
    }
}

impl Drop for MacroTable<'_, '_> {
    fn drop(&mut self) {
        for &name in self.touched.as_slice() {
            self.numbers.by_symbol[name.0 as usize] = 0;
        }
    }
}
