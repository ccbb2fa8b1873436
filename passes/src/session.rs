//! A session: what all units share, and the workers that preprocess them.

use crate::diagnostics::Diagnostics;
use crate::files::{FileTable, Provider};
use crate::intern::Interner;
use crate::memory::{ChunkCounts, Memory, UnitArena};
use crate::meter::{self, Meter, Running};
use crate::options::Options;
use crate::preprocess::macros::MacroNumbers;
use crate::preprocess::tokens::Tokens;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Interner and files, shared by all workers; their memory is the pool's.
pub struct Session<'p, M: Memory> {
    pool: &'p M::Pool,
    /// The spellings.
    pub interner: Interner<'p>,
    /// The files.
    pub files: FileTable<'p>,
    meter: &'p dyn Meter,
    shared_used: AtomicUsize,
    shared_reserved: AtomicUsize,
    shared_chunks_warm: AtomicU64,
    shared_chunks_cold: AtomicU64,
}

/// One thread's own memory: empty between units, and warm for the next session if it is kept.
pub struct WorkerMemory<M: Memory> {
    unit: M::Arena,
    scratch: M::Arena,
    numbers: MacroNumbers,
}

impl<M: Memory> Default for WorkerMemory<M> {
    fn default() -> Self {
        Self { unit: M::Arena::default(), scratch: M::Arena::default(), numbers: MacroNumbers::default() }
    }
}

/// One thread's part of a session: its handle to the pool and its own memory.
pub struct Worker<'p, M: Memory> {
    guard: M::Guard<'p>,
    memory: WorkerMemory<M>,
    // Bytes of the guard's part of the pool that the session knows of.
    known_used: usize,
    known_reserved: usize,
}

/// What a unit starts from.
#[derive(Clone, Copy, Debug)]
pub enum Input<'i> {
    /// A file, relative to the options' directory.
    File(&'i [u8]),
    /// A text with a name for messages.
    Text {
        /// The name.
        name: &'i [u8],
        /// The text.
        text: &'i [u8],
    },
}

/// What became of a unit.
pub struct Outcome<O> {
    /// What the reader of the tokens made of them.
    pub value: O,
    /// What was found.
    pub diagnostics: Diagnostics,
    /// What it took.
    pub usage: Usage,
}

/// What preprocessing a unit took.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Bytes allocated in the unit's arena.
    pub unit_bytes_used: usize,
    /// Bytes the unit's arena held.
    pub unit_bytes_reserved: usize,
    /// Bytes the scratch arena held.
    pub scratch_bytes_reserved: usize,
    /// Chunks that both arenas began whose memory had been in use before.
    pub chunks_warm: u64,
    /// Chunks that both arenas began whose memory had to be touched for the first time.
    pub chunks_cold: u64,
    /// Tokens delivered.
    pub tokens: u64,
    /// Macros expanded.
    pub expansions: u64,
    /// Scopes of the scratch arena that were rewound: one a directive and one a macro use at the top level.
    pub scratch_scopes: u64,
    /// Bytes of text read, files read again counted again.
    pub text_bytes: u64,
}

impl<'p, M: Memory> Session<'p, M> {
    /// A session whose shared memory is `pool`'s and whose files come from `provider`.
    pub fn new(pool: &'p M::Pool, provider: Provider) -> Self {
        Self::metered(pool, provider, &())
    }

    /// The same; `meter` is told when a pass begins and ends.
    pub fn metered(pool: &'p M::Pool, provider: Provider, meter: &'p dyn Meter) -> Self {
        let guard = M::guard(pool);
        let interner = Interner::new(&guard);
        Self {
            pool,
            interner,
            files: FileTable::new(provider, meter),
            meter,
            shared_used: AtomicUsize::new(M::guard_used_bytes(&guard)),
            shared_reserved: AtomicUsize::new(M::guard_reserved_bytes(&guard)),
            shared_chunks_warm: AtomicU64::new(0),
            shared_chunks_cold: AtomicU64::new(0),
        }
    }

    /// A worker; one a thread.
    pub fn worker(&self) -> Worker<'p, M> {
        self.worker_with(WorkerMemory::default())
    }

    /// A worker whose own memory is `memory`, from a worker before.
    pub fn worker_with(&self, memory: WorkerMemory<M>) -> Worker<'p, M> {
        let guard = M::guard(self.pool);
        let (known_used, known_reserved) = (M::guard_used_bytes(&guard), M::guard_reserved_bytes(&guard));
        Worker { guard, known_used, known_reserved, memory }
    }

    /// Bytes that the session's units share, allocated and held from below, up to the last finished unit of every worker.
    pub fn shared_bytes(&self) -> (usize, usize) {
        (self.shared_used.load(Ordering::Relaxed), self.shared_reserved.load(Ordering::Relaxed))
    }

    /// Where the memory that the session's units share came from, up to the last finished unit of every worker.
    pub fn shared_chunks(&self) -> ChunkCounts {
        ChunkCounts {
            warm: self.shared_chunks_warm.load(Ordering::Relaxed),
            cold: self.shared_chunks_cold.load(Ordering::Relaxed),
        }
    }
}

impl<'p, M: Memory> Worker<'p, M> {
    /// Ends the worker and keeps its own memory.
    pub fn into_memory(self) -> WorkerMemory<M> {
        self.memory
    }

    /// Preprocesses `input` and hands its tokens to `read`. The unit's memory is taken back before this returns.
    pub fn preprocess<O>(
        &mut self,
        session: &Session<'p, M>,
        input: Input<'_>,
        options: &Options,
        read: impl FnOnce(&mut Tokens<'_, 'p, M>) -> O,
    ) -> Outcome<O> {
        let _running = Running::enter(session.meter, meter::PREPROCESS);
        let WorkerMemory { unit, scratch, numbers } = &mut self.memory;
        let mut usage = Usage::default();
        let (value, diagnostics) = {
            let region = unit.region();
            let mut tokens = Tokens::start(session, &self.guard, region, scratch, options, numbers, input);
            let value = read(&mut tokens);
            tokens.add_usage(&mut usage);
            (value, tokens.into_diagnostics())
        };
        usage.unit_bytes_used = unit.used_bytes();
        usage.unit_bytes_reserved = unit.reserved_bytes();
        usage.scratch_bytes_reserved = scratch.reserved_bytes();
        for chunks in [unit.take_chunks(), scratch.take_chunks()] {
            usage.chunks_warm += chunks.warm;
            usage.chunks_cold += chunks.cold;
        }
        unit.reset();
        let (used, reserved) = (M::guard_used_bytes(&self.guard), M::guard_reserved_bytes(&self.guard));
        session.shared_used.fetch_add(used.saturating_sub(self.known_used), Ordering::Relaxed);
        session.shared_reserved.fetch_add(reserved.saturating_sub(self.known_reserved), Ordering::Relaxed);
        (self.known_used, self.known_reserved) = (used, reserved);
        let chunks = M::guard_take_chunks(&self.guard);
        session.shared_chunks_warm.fetch_add(chunks.warm, Ordering::Relaxed);
        session.shared_chunks_cold.fetch_add(chunks.cold, Ordering::Relaxed);
        Outcome { value, diagnostics, usage }
    }
}
