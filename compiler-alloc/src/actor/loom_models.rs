//! The queue under loom: every interleaving of a few sends, drains and the end.
//!
//! Beside each block there is a cell; whoever has the block touches the cell for writing. If two holders are not ordered, the checker
//! says so.

use super::queue::{Account, Credit, Message, Queue, Refusal, Slot};
use core::alloc::Layout;
use core::ptr::NonNull;
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

const LAYOUT: Layout = Layout::new::<u64>();

/// A queue, what it stands on, and blocks with their cells.
struct Model {
    queue: Queue,
    slots: (NonNull<Slot>, usize),
    accounts: (NonNull<Account>, usize),
    blocks: Vec<UnsafeCell<u64>>,
}

// SAFETY: needs that threads may share it: the queue's words are atomic, its head is touched by the model's owner alone, and every
// access to a cell is watched by the checker.
unsafe impl Sync for Model {}
// SAFETY: needs that the last thread may drop it; it owns plain memory.
unsafe impl Send for Model {}

fn leaked<T>(count: usize, make: impl Fn() -> T) -> (NonNull<T>, usize) {
    let all: Box<[T]> = (0..count).map(|_| make()).collect();
    (NonNull::from(Box::leak(all)).cast(), count)
}

/// # Safety
/// - `all` came from [`leaked`], and nobody uses it any more.
unsafe fn freed<T>(all: (NonNull<T>, usize)) {
    let slice = NonNull::slice_from_raw_parts(all.0, all.1);
    // SAFETY: needs what `Box::leak` gave, once; the caller promises both.
    drop(unsafe { Box::from_raw(slice.as_ptr()) });
}

impl Model {
    fn new(senders: usize, credits: usize, blocks: usize) -> Arc<Self> {
        let slots = leaked(Queue::slots_for(senders, credits), Slot::new);
        let accounts = leaked(senders, || Account::new(credits));
        // SAFETY: needs initialised slots and accounts that nobody else uses; they were made above and are freed with the model.
        let queue = unsafe { Queue::new(slots.0, accounts.0, senders, credits) };
        let blocks = (0..blocks).map(|_| UnsafeCell::new(0)).collect();
        Arc::new(Model { queue, slots, accounts, blocks })
    }

    /// Touches the cell of a block, as its holder.
    fn touch(&self, number: usize) {
        // SAFETY: needs that nobody else is here; the checker reports it otherwise.
        self.blocks[number].with_mut(|cell| unsafe { *cell += 1 });
    }

    fn message(number: usize) -> Message {
        Message {
            block: NonNull::without_provenance((number + 1).try_into().unwrap()),
            layout: LAYOUT,
            is_box: true,
        }
    }

    /// Sends block `number`, as its holder.
    fn send(&self, credit: &mut Credit, number: usize) -> Result<(), Refusal> {
        self.touch(number);
        let ticket = self.queue.draw(credit)?;
        self.queue.redeem(ticket, credit, Self::message(number));
        Ok(())
    }

    /// Takes a message, as the owner, and touches its block.
    fn take(&self) -> Option<usize> {
        // SAFETY: needs the only taker; each model has one owner.
        let message = unsafe { self.queue.take() }?;
        assert_eq!((message.layout, message.is_box), (LAYOUT, true), "a message is whole");
        let number = message.block.as_ptr().addr() - 1;
        self.touch(number);
        Some(number)
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        // SAFETY: needs what `leaked` gave, not used any more; the model ends.
        unsafe { freed(self.slots) };
        // SAFETY: as above.
        unsafe { freed(self.accounts) };
    }
}

/// Two senders with a credit each on two slots, one of which sends twice: the slot is used again, by the other sender's ticket too.
#[test]
fn loom_messages_arrive_whole_and_a_spent_credit_comes_back() {
    loom::model(|| {
        let model = Model::new(2, 1, 3);
        let (mut one, mut two) = (model.queue.join().unwrap(), model.queue.join().unwrap());
        let other = {
            let model = model.clone();
            thread::spawn(move || {
                assert_eq!(model.send(&mut one, 0), Ok(()));
                // Without credit the block stays here.
                match model.send(&mut one, 1) {
                    Ok(()) => None,
                    Err(refusal) => {
                        assert_eq!(refusal, Refusal::Full);
                        model.touch(1);
                        Some(1)
                    }
                }
            })
        };
        let third = {
            let model = model.clone();
            thread::spawn(move || assert_eq!(model.send(&mut two, 2), Ok(())))
        };
        let mut taken: Vec<usize> = model.take().into_iter().collect();
        let kept = other.join().unwrap();
        third.join().unwrap();
        taken.extend(core::iter::from_fn(|| model.take()));
        let order: Vec<usize> = taken.iter().copied().filter(|&number| number < 2).collect();
        assert!(order.is_sorted(), "one sender's messages are taken in order");
        taken.extend(kept);
        taken.sort_unstable();
        assert_eq!(taken, [0, 1, 2], "every block is somewhere, once");
    });
}

/// The owner ends while a sender sends: each block is drained or back with its sender, never both, never lost.
#[test]
fn loom_closing_loses_nothing() {
    loom::model(|| {
        let model = Model::new(1, 2, 2);
        let mut credit = model.queue.join().unwrap();
        let sender = {
            let model = model.clone();
            thread::spawn(move || {
                let mut back = Vec::new();
                for number in 0..2 {
                    if let Err(refusal) = model.send(&mut credit, number) {
                        assert_eq!(refusal, Refusal::Closed);
                        model.touch(number);
                        back.push(number);
                    }
                }
                back
            })
        };
        let tickets = model.queue.close();
        let mut all = Vec::new();
        while model.queue.head() != tickets {
            match model.take() {
                Some(number) => all.push(number),
                None => thread::yield_now(),
            }
        }
        assert_eq!(model.take(), None, "nothing comes after the end");
        all.extend(sender.join().unwrap());
        all.sort_unstable();
        assert_eq!(all, [0, 1]);
    });
}

/// A sender goes while its message waits, and the next one goes on with its account: credits are neither lost nor made.
#[test]
fn loom_an_account_changes_hands_with_its_spent_credits() {
    loom::model(|| {
        let model = Model::new(1, 1, 2);
        let mut first = model.queue.join().unwrap();
        let gone = {
            let model = model.clone();
            thread::spawn(move || {
                assert_eq!(model.send(&mut first, 0), Ok(()));
                model.queue.part(&first);
            })
        };
        if let Some(mut second) = model.queue.join() {
            let is_taken = model.take();
            let result = model.send(&mut second, 1);
            assert_eq!(result.is_ok(), is_taken.is_some());
        }
        gone.join().unwrap();
        while model.take().is_some() {}
        assert!(model.queue.join().is_some() || model.queue.senders_in_use() == 1);
    });
}
