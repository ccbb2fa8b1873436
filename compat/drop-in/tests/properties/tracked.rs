//! Values that know whether they were dropped once, and that can panic wherever user code runs.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

/// Which values live; and after how many events the next one panics.
#[derive(Default)]
pub struct Ledger {
    next_id: Cell<u64>,
    live: RefCell<BTreeSet<u64>>,
    dropped_twice: Cell<bool>,
    fuse: Cell<Option<usize>>,
}

impl Ledger {
    /// A new value.
    pub fn value(&self, value: u32) -> Tracked<'_> {
        let id = self.next_id.replace(self.next_id.get() + 1);
        self.live.borrow_mut().insert(id);
        Tracked { id, value, ledger: self }
    }

    /// From now on the event after `events` others panics.
    pub fn light_fuse(&self, events: usize) {
        self.fuse.set(Some(events));
    }

    /// No event panics any more. Answers whether none did.
    pub fn put_out_fuse(&self) -> bool {
        self.fuse.take().is_some()
    }

    /// Something where user code runs: a closure, a clone, a comparison, a destructor.
    pub fn event(&self) {
        if std::thread::panicking() {
            return;
        }
        if let Some(events) = self.fuse.get() {
            self.fuse.set(events.checked_sub(1));
            assert!(events > 0, "the fuse");
        }
    }

    /// How many values live. No value was dropped twice.
    pub fn live(&self) -> usize {
        assert!(!self.dropped_twice.get(), "a value was dropped twice");
        self.live.borrow().len()
    }
}

/// A value of a ledger.
pub struct Tracked<'l> {
    id: u64,
    pub value: u32,
    pub ledger: &'l Ledger,
}

impl Tracked<'_> {
    /// The value, if it lives.
    pub fn read(&self) -> u32 {
        assert!(self.ledger.live.borrow().contains(&self.id), "a dead value is in a collection");
        self.value
    }
}

impl Drop for Tracked<'_> {
    fn drop(&mut self) {
        if !self.ledger.live.borrow_mut().remove(&self.id) {
            self.ledger.dropped_twice.set(true);
        }
        self.ledger.event();
    }
}

impl Clone for Tracked<'_> {
    fn clone(&self) -> Self {
        self.ledger.event();
        self.ledger.value(self.read())
    }
}

impl PartialEq for Tracked<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.ledger.event();
        self.read() == other.read()
    }
}

impl std::fmt::Debug for Tracked<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.value.fmt(f)
    }
}
