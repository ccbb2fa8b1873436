//! How long a workload runs.

/// The length of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// What is measured: some tenths of a second of CPU time.
    Full,
    /// A twentieth of it, for tests.
    Quick,
}

impl Scale {
    /// `count` of the full run, scaled; at least 1.
    pub const fn of(self, count: usize) -> usize {
        match self {
            Self::Full => count,
            Self::Quick if count < 20 => 1,
            Self::Quick => count / 20,
        }
    }
}
