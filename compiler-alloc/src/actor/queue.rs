//! The bounded queue by which blocks come home: many senders, one owner.
//!
//! ```text
//!  tail  [closed : 1 | tickets handed out : 63]      one fetch-and-add draws a ticket, and shows whether the queue is closed
//!  slots | 8 | 9 | 6 | 7 |                           the message of ticket t lies in slot t mod n; `turn` is t once it is written
//!  head  6                                           the owner's: the next ticket to take
//! ```
//!
//! *Credits.* Every sender has the same number of credits. A message takes one, and the owner gives it back after it has read the
//! message. All credits together are at most the number of slots, so a sender with a credit finds its slot free, and a push is
//! one credit, one ticket and one slot: no loop, no waiting. A sender without a credit keeps its block.
//!
//! *Why the slot is free, and known to be.* Of the n + 1 tickets from t - n to t some sender drew more than its credits, so it was
//! given back one that it had spent on a ticket of these, before it drew another of these. The owner takes tickets in order, hence
//! it had read t - n by then; that sender acquired this with the credit, and its draw and all later ones, which are
//! acquire-release on one word, carry it to whoever drew t.
//!
//! *Order.* Messages of one sender are taken in the order in which it sent them, because it draws its tickets in that order.
//!
//! *Closing* sets the mark in `tail` and reads the number of tickets in the same operation: every draw is either before it, and
//! its message will be written in the next few instructions, or after it, and the sender keeps its block.

use crate::sync::{AtomicPtr, AtomicU32, AtomicUsize, Ordering};
use core::alloc::Layout;
use core::cell::Cell;
use core::ptr::NonNull;

/// Of `tail`: no ticket drawn from now on is worth anything.
const CLOSED: usize = 1 << (usize::BITS - 1);

/// Of a slot that never held a message. No ticket is drawn with this number, which would be a closed queue's.
const NO_TICKET: usize = usize::MAX;

/// Of a slot's `about`: the block was a box. No alignment is as large.
const BOX: usize = 1 << 31;

/// Where the sender's number begins in a slot's `about`.
const SENDER_SHIFT: u32 = 32;

/// The most credits that all senders of a queue have together.
pub const CREDITS_MAX: usize = 1 << 24;

/// A block on its way home. Words are atomic, so that a reader who came too early reads an old word and not a torn one.
#[repr(C)]
pub(super) struct Slot {
    /// The ticket whose message it holds.
    turn: AtomicUsize,
    block: AtomicPtr<u8>,
    bytes: AtomicUsize,
    /// The alignment, whether it was a box, and above them the sender's number.
    about: AtomicUsize,
}

impl Slot {
    pub(super) fn new() -> Self {
        Slot {
            turn: AtomicUsize::new(NO_TICKET),
            block: AtomicPtr::new(core::ptr::null_mut()),
            bytes: AtomicUsize::new(0),
            about: AtomicUsize::new(0),
        }
    }
}

/// What the queue knows of one sender.
#[repr(C)]
pub(super) struct Account {
    /// How many messages may have been sent: those that the owner has taken, and the credits. Wraps around.
    limit: AtomicU32,
    /// Messages that were sent when the sender was dropped; the next one goes on from there.
    sent: AtomicU32,
    /// Whether a sender has it.
    in_use: AtomicU32,
}

impl Account {
    pub(super) fn new(credits: usize) -> Self {
        Account { limit: AtomicU32::new(credits as u32), sent: AtomicU32::new(0), in_use: AtomicU32::new(0) }
    }
}

/// A queue over slots and accounts that lie elsewhere.
#[repr(C, align(64))]
pub(super) struct Queue {
    /// Alone in its cache line: every sender writes it.
    tail: AtomicUsize,
    rest: Rest,
}

#[repr(C, align(64))]
struct Rest {
    slots: NonNull<Slot>,
    /// Their number less one; the number is a power of two.
    slot_mask: usize,
    accounts: NonNull<Account>,
    senders: u32,
    credits: u32,
    /// The owner's.
    head: Cell<usize>,
}

/// What a sender keeps of its account.
#[derive(Debug)]
pub(super) struct Credit {
    account: NonNull<Account>,
    /// The account's number, where a slot has it.
    about: usize,
    /// Messages sent so far.
    sent: u32,
}

// SAFETY: needs that another thread may use it; an account's words are atomic, and only the credit's holder and the owner change them.
unsafe impl Send for Credit {}

/// Why a message was not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Refusal {
    /// All credits of the sender are spent.
    Full,
    /// The owner is gone.
    Closed,
}

/// A ticket that must be redeemed at once: the owner waits for its message when it closes the queue.
#[must_use]
pub(super) struct Ticket(usize);

/// One message that was taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message {
    pub(super) block: NonNull<u8>,
    pub(super) layout: Layout,
    /// Whether it was a box, which its actor counted when it let it go.
    pub(super) is_box: bool,
}

impl Queue {
    /// How many slots serve so many credits.
    pub(super) const fn slots_for(senders: usize, credits: usize) -> usize {
        let all = senders * credits;
        if all == 0 { 1 } else { all.next_power_of_two() }
    }

    /// An open queue.
    ///
    /// # Safety
    /// - `slots` leads to [`slots_for`](Self::slots_for) initialised slots and `accounts` to `senders` accounts, which nobody else
    ///   uses while the queue lives.
    pub(super) unsafe fn new(
        slots: NonNull<Slot>,
        accounts: NonNull<Account>,
        senders: usize,
        credits: usize,
    ) -> Self {
        Queue {
            tail: AtomicUsize::new(0),
            rest: Rest {
                slots,
                slot_mask: Self::slots_for(senders, credits) - 1,
                accounts,
                senders: senders as u32,
                credits: credits as u32,
                head: Cell::new(0),
            },
        }
    }

    /// Messages that a sender can have on the way.
    #[inline]
    pub(super) fn credits(&self) -> u32 {
        self.rest.credits
    }

    #[inline(always)]
    fn account(&self, index: u32) -> &Account {
        debug_assert!(index < self.rest.senders);
        // SAFETY: needs an index below the number of accounts; credits are made by `join`, which counts up to it, and a message's
        // sender is that of its credit.
        let account = unsafe { self.rest.accounts.add(index as usize) };
        // SAFETY: needs an account that lives as long as the queue; `new` was promised one for each sender.
        unsafe { account.as_ref() }
    }

    #[inline(always)]
    fn account_of(&self, credit: &Credit) -> &Account {
        // SAFETY: needs an account that lives as long as the queue; `join` made the credit from one of this queue's.
        unsafe { credit.account.as_ref() }
    }

    #[inline(always)]
    fn slot(&self, ticket: usize) -> &Slot {
        // SAFETY: needs an index below the number of slots; the mask is that number less one.
        let slot = unsafe { self.rest.slots.add(ticket & self.rest.slot_mask) };
        // SAFETY: needs a slot that lives as long as the queue; `new` was promised all of them.
        unsafe { slot.as_ref() }
    }

    /// A credit from an account that no sender has; `None` if all are in use. Cost: the senders. The owner's.
    pub(super) fn join(&self) -> Option<Credit> {
        let free = |&index: &u32| self.account(index).in_use.load(Ordering::Acquire) == 0;
        let account = (0..self.rest.senders).find(free)?;
        let own = self.account(account);
        own.in_use.store(1, Ordering::Relaxed);
        let sent = own.sent.load(Ordering::Relaxed);
        Some(Credit { account: NonNull::from(own), about: (account as usize) << SENDER_SHIFT, sent })
    }

    /// Gives an account back. The messages already sent stay in the queue and in the account.
    pub(super) fn part(&self, credit: &Credit) {
        let own = self.account_of(credit);
        own.sent.store(credit.sent, Ordering::Relaxed);
        own.in_use.store(0, Ordering::Release);
    }

    /// How many senders exist. Cost: the declared senders.
    pub(super) fn senders_in_use(&self) -> usize {
        let in_use = |&index: &u32| self.account(index).in_use.load(Ordering::Relaxed) != 0;
        (0..self.rest.senders).filter(in_use).count()
    }

    /// How many messages of this sender the owner has not taken.
    pub(super) fn pending(&self, credit: &Credit) -> u32 {
        let taken = self.account_of(credit).limit.load(Ordering::Acquire).wrapping_sub(self.rest.credits);
        credit.sent.wrapping_sub(taken)
    }

    /// Draws a ticket. Wait-free: one load and one locked addition.
    ///
    /// # Errors
    /// [`Refusal`]; no ticket was drawn then that the owner would wait for.
    #[inline(always)]
    pub(super) fn draw(&self, credit: &mut Credit) -> Result<Ticket, Refusal> {
        if credit.sent == self.account_of(credit).limit.load(Ordering::Acquire) {
            return Err(self.refusal());
        }
        let tail = self.tail.fetch_add(1, Ordering::AcqRel);
        if tail & CLOSED != 0 {
            return Err(Refusal::Closed);
        }
        credit.sent = credit.sent.wrapping_add(1);
        Ok(Ticket(tail))
    }

    /// Why a sender without credit gets no ticket.
    #[cold]
    fn refusal(&self) -> Refusal {
        let is_closed = self.tail.load(Ordering::Relaxed) & CLOSED != 0;
        if is_closed { Refusal::Closed } else { Refusal::Full }
    }

    /// Writes the message of a ticket. Four stores.
    #[inline(always)]
    pub(super) fn redeem(&self, ticket: Ticket, credit: &Credit, message: Message) {
        let Ticket(ticket) = ticket;
        let slot = self.slot(ticket);
        slot.block.store(message.block.as_ptr(), Ordering::Relaxed);
        slot.bytes.store(message.layout.size(), Ordering::Relaxed);
        let mark = if message.is_box { BOX } else { 0 };
        slot.about.store(credit.about | mark | message.layout.align(), Ordering::Relaxed);
        slot.turn.store(ticket, Ordering::Release);
    }

    /// Takes the oldest message, if it is written. The owner's.
    ///
    /// # Safety
    /// - The caller is the only one who takes, and every message was written by [`redeem`](Self::redeem).
    #[inline(always)]
    pub(super) unsafe fn take(&self) -> Option<Message> {
        let head = self.rest.head.get();
        let slot = self.slot(head);
        if slot.turn.load(Ordering::Acquire) != head {
            return None;
        }
        let block = NonNull::new(slot.block.load(Ordering::Relaxed))?;
        let (bytes, about) = (slot.bytes.load(Ordering::Relaxed), slot.about.load(Ordering::Relaxed));
        let (align, is_box) = (about & (BOX - 1), about & BOX != 0);
        // SAFETY: needs a size and an alignment that make a layout; they are those of one, which `redeem` wrote.
        let layout = unsafe { Layout::from_size_align_unchecked(bytes, align) };
        let account = self.account((about >> SENDER_SHIFT) as u32);
        self.rest.head.set(head + 1);
        // Last, because with it the slot belongs to the senders again. Nobody else writes the word.
        account.limit.store(account.limit.load(Ordering::Relaxed).wrapping_add(1), Ordering::Release);
        Some(Message { block, layout, is_box })
    }

    /// Closes the queue: every later draw is refused. Answers how many tickets were drawn before. The owner's.
    pub(super) fn close(&self) -> usize {
        self.tail.fetch_or(CLOSED, Ordering::AcqRel) & !CLOSED
    }

    /// How many tickets the owner has taken. The owner's.
    pub(super) fn head(&self) -> usize {
        self.rest.head.get()
    }
}
