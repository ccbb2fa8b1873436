//! Arena memory of a test's own: a fresh backend over operating-system pages, checked at every turn.

use compiler_alloc::arena::Spans;
use compiler_alloc::page_source::OsPages;
use compiler_alloc::span::SpanBackend;
use std::any::Any;
use std::sync::Mutex;

/// A value that lives for ever, on purpose: it stays reachable, so that the leak check does not report it.
pub fn leaked<T: Sync + 'static>(value: T) -> &'static T {
    static REACHABLE: Mutex<Vec<&'static (dyn Any + Sync)>> = Mutex::new(Vec::new());
    let value: &'static T = Box::leak(Box::new(value));
    REACHABLE.lock().unwrap().push(value);
    value
}

/// A backend and arena memory over it. Both are leaked: arenas ask for `'static` memory.
pub struct Fixture {
    pub backend: &'static SpanBackend<OsPages>,
    pub spans: &'static Spans<OsPages>,
}

/// A fresh backend that nothing else uses.
pub fn fixture() -> Fixture {
    let backend = leaked(SpanBackend::new(OsPages::new()));
    Fixture { backend, spans: leaked(Spans::new(backend)) }
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
