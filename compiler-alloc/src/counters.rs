//! Counts that paths write and never read: who holds how many bytes, and how often slow things happened.
//!
//! A thread writes only its own accounts, by plain loads and stores, and adds them to the shared ones from time to
//! time. The sum over all threads and the shared accounts is exact whenever nobody is in the middle of a call.

use crate::sync::{AtomicIsize, AtomicUsize, Ordering};

/// Who holds memory that was taken from the backend.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Holder {
    /// An arena that can still allocate.
    Arena,
    /// A sealed result.
    Sealed,
    /// A heap.
    Heap,
}

/// What the bytes of the backend are used for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Account {
    /// Held by arenas.
    Arena,
    /// Held by sealed results.
    Sealed,
    /// Held by heaps.
    Heap,
    /// Kept by a thread for its next request.
    Cached,
    /// Open tails: begun spans from which the thread cuts its next parts.
    Tails,
    /// The bytes of open tails that were in use before, and hence have memory.
    TailsUsed,
    /// Pages of parted units that no part touches and that were not purged.
    Dead,
}

impl From<Holder> for Account {
    #[inline]
    fn from(holder: Holder) -> Account {
        match holder {
            Holder::Arena => Account::Arena,
            Holder::Sealed => Account::Sealed,
            Holder::Heap => Account::Heap,
        }
    }
}

const ACCOUNTS: usize = 7;

/// Shared balances, changed under the backend's lock.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Balances {
    bytes: [isize; ACCOUNTS],
}

impl Balances {
    pub(crate) const fn new() -> Self {
        Balances { bytes: [0; ACCOUNTS] }
    }

    pub(crate) fn add(&mut self, account: Account, bytes: isize) {
        self.bytes[account as usize] += bytes;
    }

    /// Makes an account, of which everybody's balances add up to `sum`, be `bytes`.
    pub(crate) fn correct(&mut self, sum: &Balances, account: Account, bytes: usize) {
        self.add(account, bytes as isize - sum.bytes[account as usize]);
    }

    /// The balance; 0 while the other half of a transfer between threads is not published yet.
    pub(crate) fn get(&self, account: Account) -> usize {
        self.bytes[account as usize].max(0) as usize
    }

    /// Bytes that somebody holds.
    pub(crate) fn live(&self) -> usize {
        self.get(Account::Arena) + self.get(Account::Sealed) + self.get(Account::Heap)
    }
}

/// One thread's unpublished balances. Only the owner writes; anybody may read.
pub(crate) struct ThreadBalances {
    bytes: [AtomicIsize; ACCOUNTS],
    traffic: AtomicUsize,
    warm_acquires: AtomicUsize,
}

impl ThreadBalances {
    pub(crate) fn new() -> Self {
        ThreadBalances {
            bytes: core::array::from_fn(|_| AtomicIsize::new(0)),
            traffic: AtomicUsize::new(0),
            warm_acquires: AtomicUsize::new(0),
        }
    }

    /// Adds to a balance. For the owner only: it is a load and a store, not a locked operation.
    #[inline]
    pub(crate) fn add(&self, account: Account, bytes: isize) {
        let balance = &self.bytes[account as usize];
        balance.store(balance.load(Ordering::Relaxed) + bytes, Ordering::Relaxed);
        let traffic = self.traffic.load(Ordering::Relaxed) + bytes.unsigned_abs();
        self.traffic.store(traffic, Ordering::Relaxed);
    }

    /// Moves `bytes` of a tail, of which `used_bytes` were in use before, to `holder`: as three times [`add`](Self::add). For the owner only.
    #[inline]
    pub(crate) fn cut(&self, holder: Account, bytes: usize, used_bytes: usize) {
        let change = |account: Account, bytes: isize| {
            let balance = &self.bytes[account as usize];
            balance.store(balance.load(Ordering::Relaxed) + bytes, Ordering::Relaxed);
        };
        change(Account::Tails, -(bytes as isize));
        change(Account::TailsUsed, -(used_bytes as isize));
        change(holder, bytes as isize);
        self.traffic.store(self.traffic.load(Ordering::Relaxed) + 2 * bytes + used_bytes, Ordering::Relaxed);
    }

    /// Counts a request that the thread served from what it kept. For the owner only.
    #[inline]
    pub(crate) fn count_warm_acquire(&self) {
        self.warm_acquires.store(self.warm_acquires.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// Bytes moved since the last [`publish`](Self::publish).
    #[inline]
    pub(crate) fn traffic(&self) -> usize {
        self.traffic.load(Ordering::Relaxed)
    }

    /// Moves every balance to `shared`, and answers how many requests were served warm. For the owner only.
    pub(crate) fn publish(&self, shared: &mut Balances) -> usize {
        for (mine, all) in self.bytes.iter().zip(&mut shared.bytes) {
            *all += mine.load(Ordering::Relaxed);
            mine.store(0, Ordering::Relaxed);
        }
        self.traffic.store(0, Ordering::Relaxed);
        let warm = self.warm_acquires.load(Ordering::Relaxed);
        self.warm_acquires.store(0, Ordering::Relaxed);
        warm
    }

    /// Adds the unpublished balances to `sum` without publishing them.
    pub(crate) fn add_to(&self, sum: &mut Balances) -> usize {
        for (mine, all) in self.bytes.iter().zip(&mut sum.bytes) {
            *all += mine.load(Ordering::Relaxed);
        }
        self.warm_acquires.load(Ordering::Relaxed)
    }
}
