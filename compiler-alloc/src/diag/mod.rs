//! Faults as people read them: a [`Diagnostic`] is a fault, the profile it happened in, and what to do about it.
//!
//! The layers below record [`Fault`]s as data; this module only renders, and rendering does not allocate: it writes to any
//! [`core::fmt::Write`]. One table, [`codes`], holds what each code means; `docs/diagnostics.md` and `allocator/diagnostics.tsv` are
//! written from it.
//!
//! ```
//! use compiler_alloc::diag::Diagnostic;
//! use compiler_alloc::fault::{FactName, Fault, FaultCode};
//!
//! let fault = Fault::new(FaultCode::Exhaustion, "parse").with(FactName::Asked, 4096).with(FactName::Limit, 1024);
//! let text = Diagnostic::new(fault, "compiler-internal").to_string();
//! assert!(text.starts_with("ALLOCATOR_EXHAUSTION [compiler-internal] parse\n  asked: 4096 bytes\n  limit: 1024 bytes\n"));
//! ```

pub mod check;
pub mod codes;
pub mod render;

use crate::fault::{Fact, Fault, FaultCode};

/// A fault with the profile it concerns. `Copy`, 16 bytes larger than the fault, made without allocating.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    fault: Fault,
    profile: &'static str,
}

impl Diagnostic {
    /// The diagnostic of `fault` in the profile named `profile`, for instance `compiler-internal`.
    pub const fn new(fault: Fault, profile: &'static str) -> Self {
        Diagnostic { fault, profile }
    }

    /// The stable code.
    pub const fn code(&self) -> FaultCode {
        self.fault.code
    }

    /// The profile it happened in.
    pub const fn profile(&self) -> &'static str {
        self.profile
    }

    /// What it happened to: a pass, a span, a queue.
    pub const fn subject(&self) -> &'static str {
        self.fault.subject
    }

    /// The facts, in the order in which they were recorded; each has its unit.
    pub fn facts(&self) -> impl Iterator<Item = Fact> + '_ {
        self.fault.facts()
    }

    /// What happened, in one sentence.
    pub const fn meaning(&self) -> &'static str {
        codes::entry(self.fault.code).meaning
    }

    /// What to do about it.
    pub const fn remedy(&self) -> &'static str {
        codes::entry(self.fault.code).remedy
    }

    /// The same text on one line, as evidence files hold it.
    pub const fn on_one_line(&self) -> render::OneLine<'_> {
        render::OneLine(self)
    }
}

impl core::error::Error for Diagnostic {}
