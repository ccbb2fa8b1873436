//! Arena memory of a test's own: a fresh backend over operating-system pages, checked at every turn.

use compiler_alloc::arena::Spans;
use compiler_alloc::page_source::OsPages;
use compiler_alloc::span::SpanBackend;

/// A backend and arena memory over it. Both are leaked: arenas ask for `'static` memory.
pub struct Fixture {
    pub backend: &'static SpanBackend<OsPages>,
    pub spans: &'static Spans<OsPages>,
}

/// A fresh backend that nothing else uses.
pub fn fixture() -> Fixture {
    let backend = Box::leak(Box::new(SpanBackend::new(OsPages::new())));
    Fixture { backend, spans: Box::leak(Box::new(Spans::new(backend))) }
}

impl Fixture {
    /// Bytes that arenas and sealed results hold.
    pub fn lent_bytes(&self) -> usize {
        let stats = self.backend.stats();
        stats.arena_live_bytes + stats.sealed_live_bytes
    }

    /// Validates every structure of the backend.
    pub fn check(&self) {
        self.backend.check().unwrap();
    }

    /// Everything was given back, and shutting down finds no leak.
    pub fn assert_nothing_lent(&self) {
        self.check();
        assert_eq!(self.lent_bytes(), 0);
        self.spans.flush();
        assert!(self.backend.shutdown().leak().is_none());
    }
}
