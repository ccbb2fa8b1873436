//! Single operations of profile `realtime`, each counted by itself: the worst, the median, and whether any looped or asked the kernel.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub mod actor;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub mod counted;
#[cfg(all(feature = "peers", target_arch = "x86_64"))]
pub mod latency;
pub mod trap_flag;

use trap_flag::Stepped;

/// What is known of all operations of one kind.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name.
    pub name: String,
    counts: Vec<u32>,
    repeated: u32,
    system_calls: u32,
}

impl Case {
    /// A case without operations.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), counts: Vec::new(), repeated: 0, system_calls: 0 }
    }

    /// Adds one operation.
    pub fn add(&mut self, stepped: Stepped) {
        self.counts.push(stepped.instructions);
        self.repeated = self.repeated.max(stepped.repeated);
        self.system_calls += stepped.system_calls;
    }

    /// Adds the operations of another case.
    pub fn join(&mut self, other: Case) {
        self.counts.extend(other.counts);
        self.repeated = self.repeated.max(other.repeated);
        self.system_calls += other.system_calls;
    }

    /// Whether the first operations are those of another case.
    pub fn begins_as(&self, other: &Case) -> bool {
        self.counts.starts_with(&other.counts)
    }

    /// The line of the table: name, operations, median, maximum, repeated instructions, system calls. `None` without operations.
    pub fn line(&self) -> Option<String> {
        let mut counts = self.counts.clone();
        counts.sort_unstable();
        let (median, max) = (counts.get(counts.len() / 2)?, counts.last()?);
        let Self { name, repeated, system_calls, .. } = self;
        Some(format!("{name}\t{}\t{median}\t{max}\t{repeated}\t{system_calls}", counts.len()))
    }
}

/// Heading of the table.
pub const HEADING: &str = "case\toperations\tmedian\tmax\trepeated\tsystem_calls";
