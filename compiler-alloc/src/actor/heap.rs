//! The heap of one actor: fast paths, drain points, the end.

use super::boxes::{ActorBox, RemoteBox};
use super::control::{Control, Owned};
use super::report::{ActorReport, Live};
use super::sender::RemoteSender;
use crate::fault::{Fault, FaultCode};
use crate::span::CheckError;
use crate::sync::wait_a_little;
use core::alloc::Layout;
use core::fmt;
use core::marker::PhantomData;
use core::mem::{self, ManuallyDrop};
use core::ptr::NonNull;

/// Closing waits for messages that were begun, but no longer than this: their thread may not exist any more (after a `fork`).
const WAITS_MAX: u32 = 1 << 16;

/// The sealed heap of one actor. Made by [`ActorHeap::builder`](super::ActorHeapBuilder).
///
/// All of its memory is one span, reserved, populated and locked before the heap exists, so that no call makes a system call or
/// touches a page for the first time. Allocating and freeing take no loop over data. One thread at a time uses it: it is `Send`
/// while nothing borrows it, and not `Sync`. Other threads give blocks back through [`RemoteSender`]s, and the actor takes them at
/// its message boundaries by [`drain`](Self::drain).
///
/// Dropping it is [`shutdown`](Self::shutdown) without the report.
pub struct ActorHeap {
    control: NonNull<Control>,
    /// Not `Sync`: the owner's part is changed through shared references.
    not_sync: PhantomData<*mut ()>,
}

// SAFETY: needs that the heap may be used from any thread, one at a time; what it owns is plain memory, everything that borrows it
// keeps it on its thread, and what left is shared by atomic words only.
unsafe impl Send for ActorHeap {}

impl ActorHeap {
    /// # Safety
    /// - `control` is a live control block whose actor nobody else is.
    pub(super) unsafe fn from_control(control: NonNull<Control>) -> Self {
        ActorHeap { control, not_sync: PhantomData }
    }

    #[inline(always)]
    pub(super) fn control(&self) -> NonNull<Control> {
        self.control
    }

    #[inline(always)]
    fn shared(&self) -> &Control {
        // SAFETY: needs a live control block; the actor's references keep it.
        unsafe { self.control.as_ref() }
    }

    /// The owner's part. Callers keep it for single calls that run no code of the user's.
    #[inline(always)]
    #[allow(clippy::mut_from_ref, reason = "the heap is not Sync, and no two of these live at once")]
    fn owned(&self) -> &mut Owned {
        // SAFETY: needs the actor's own thread and no other borrow; the heap is neither shared between threads nor used by what
        // the callers call with the reference.
        unsafe { self.shared().owned() }
    }

    /// A block for `layout`; no bytes count as one. Contents are not defined. No loop, no locked operation, no system call.
    ///
    /// `None` if the quota of such blocks is used up; or none was declared, and the region has no room or was not declared. Nothing was
    /// changed then, and [`refusal`](Self::refusal) says it as a fault.
    #[inline(always)]
    pub fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
        self.owned().blocks.allocate(layout)
    }

    /// As [`allocate`](Self::allocate).
    ///
    /// # Errors
    /// [`FaultCode::Exhaustion`], as [`refusal`](Self::refusal) says.
    #[inline]
    pub fn try_allocate(&self, layout: Layout) -> Result<NonNull<u8>, Fault> {
        self.allocate(layout).ok_or_else(|| self.refusal(layout))
    }

    /// Why a request for `layout` was refused: the bytes asked for, the limit, and how much of it is used.
    #[cold]
    #[inline(never)]
    pub fn refusal(&self, layout: Layout) -> Fault {
        self.owned().blocks.refusal(layout)
    }

    /// Takes a block back. No loop, no locked operation, no system call.
    ///
    /// # Safety
    /// - `block` came from [`allocate`](Self::allocate) of this heap with the same layout, was not given back since, and nobody
    ///   uses it any more.
    #[inline(always)]
    pub unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller keeps the duties of the blocks' `deallocate`, which are the same.
        unsafe { self.owned().blocks.deallocate(block, layout) };
    }

    /// Puts a value into the heap.
    ///
    /// # Errors
    /// As [`try_allocate`](Self::try_allocate); the value is dropped then. [`try_alloc_with`](Self::try_alloc_with) makes it only if
    /// there is a block.
    #[inline]
    pub fn try_alloc<T>(&self, value: T) -> Result<ActorBox<'_, T>, Fault> {
        self.try_alloc_with(|| value)
    }

    /// Takes a block, then makes the value in it. If `make` panics, the block is free again.
    ///
    /// # Errors
    /// As [`try_allocate`](Self::try_allocate); `make` was not called then.
    #[inline]
    pub fn try_alloc_with<T>(&self, make: impl FnOnce() -> T) -> Result<ActorBox<'_, T>, Fault> {
        /// The block, until there is a value in it.
        struct Taken<'h>(&'h ActorHeap, NonNull<u8>, Layout);
        impl Drop for Taken<'_> {
            #[inline(always)]
            fn drop(&mut self) {
                // SAFETY: needs a block of this heap and layout that nobody uses; it was taken for a value that was not made.
                unsafe { self.0.deallocate(self.1, self.2) };
            }
        }
        let layout = Layout::new::<T>();
        let block = self.try_allocate(layout)?;
        let taken = Taken(self, block, layout);
        let value = make();
        mem::forget(taken);
        let place = block.cast::<T>();
        // SAFETY: needs writable memory for a `T`; the block was handed out for its layout.
        unsafe { place.write(value) };
        // SAFETY: needs a live value in a block of this heap that nobody else owns; it was just written into one.
        Ok(unsafe { ActorBox::from_raw(place, self) })
    }

    /// Puts a value into the heap.
    ///
    /// # Panics
    /// If there is no block; [`try_alloc`](Self::try_alloc) answers instead.
    #[inline]
    pub fn alloc<T>(&self, value: T) -> ActorBox<'_, T> {
        match self.try_alloc(value) {
            Ok(made) => made,
            Err(fault) => refused(fault),
        }
    }

    /// Counts a box that leaves the actor's thread.
    #[inline(always)]
    pub(super) fn let_go(&self) {
        self.owned().remote += 1;
    }

    /// Makes a box that came home the actor's again.
    ///
    /// # Errors
    /// The box, if it belongs to another actor.
    #[inline]
    pub fn reclaim<T>(&self, remote: RemoteBox<T>) -> Result<ActorBox<'_, T>, RemoteBox<T>> {
        if remote.control() != self.control {
            return Err(remote);
        }
        self.owned().remote -= 1;
        // SAFETY: needs a live value in a block of this heap that nobody else owns; the box owned it and was taken apart.
        Ok(unsafe { ActorBox::from_raw(remote.into_raw(), self) })
    }

    /// A sender, with the credits that were declared. Cost: the declared senders.
    ///
    /// # Errors
    /// [`FaultCode::Exhaustion`] if as many senders exist as were declared.
    pub fn sender(&self) -> Result<RemoteSender, Fault> {
        let control = self.shared();
        let Some(credit) = control.queue.join() else {
            return Err(Fault::new(FaultCode::Exhaustion, "as many senders exist as were declared"));
        };
        control.enter();
        // SAFETY: needs a live control block, a reference that goes over, and a credit of its own; both were made above.
        Ok(unsafe { RemoteSender::new(self.control, credit) })
    }

    /// The drain point at a message boundary: frees the blocks of at most `messages_max` messages that came from other threads, those of one
    /// sender in the order in which it sent them. Answers how many.
    ///
    /// Cost: at most 40 instructions and 100 a message; no locked operation.
    #[inline]
    pub fn drain(&self, messages_max: usize) -> usize {
        let (control, owned) = (self.shared(), self.owned());
        let mut drained = 0;
        while drained < messages_max {
            // SAFETY: needs the queue's owner; the actor is, and messages are written by its senders.
            let Some(message) = (unsafe { control.queue.take() }) else { break };
            owned.remote -= usize::from(message.is_box);
            // SAFETY: needs a block of this heap and layout that nobody uses any more; a sent box is taken apart, and who sends a
            // raw block promises it.
            unsafe { owned.blocks.deallocate(message.block, message.layout) };
            drained += 1;
        }
        drained
    }

    /// Closes the queue, drains it, and says what did not come back; blocks sent afterwards stay with their senders.
    ///
    /// Waits for messages that were begun before and not finished, which takes a sender a few instructions. The span goes back now, or
    /// when the last sender and remote box are gone.
    pub fn shutdown(self) -> ActorReport {
        let this = ManuallyDrop::new(self);
        // SAFETY: needs that the heap is not used again; it was given to this call and is not dropped.
        unsafe { this.end() }
    }

    /// # Safety
    /// - Nobody uses the heap afterwards.
    unsafe fn end(&self) -> ActorReport {
        let control = self.shared();
        let tickets = control.queue.close();
        let (mut drained, mut waits) = (0, 0);
        while control.queue.head() != tickets && waits < WAITS_MAX {
            let taken = self.drain(usize::MAX);
            drained += taken;
            if taken == 0 {
                waits += 1;
                wait_a_little(waits);
            }
        }
        let owned = self.owned();
        let remote = owned.remote;
        let mut report = ActorReport {
            drained,
            unfinished: tickets - control.queue.head(),
            live: owned.blocks.live(),
            remote_blocks: remote,
            senders: control.queue.senders_in_use(),
            is_released: false,
            span_bytes: control.home.span.bytes,
            units: control.home.units,
        };
        // SAFETY: needs the actor of a live control block that uses it no more; the caller promises it.
        report.is_released = unsafe { Control::retire(self.control, remote) };
        report
    }

    /// Bytes of the heap's span: blocks, messages and records.
    pub fn reserved_bytes(&self) -> usize {
        self.shared().home.span.bytes
    }

    /// Bytes of all blocks, free or not.
    pub fn usable_bytes(&self) -> usize {
        self.owned().blocks.usable_bytes()
    }

    /// Blocks that are handed out, wherever they are. Cost: the quotas.
    pub fn live(&self) -> Live {
        self.owned().blocks.live()
    }

    /// Boxes that left the actor's thread and have not come home.
    pub fn remote_blocks(&self) -> usize {
        self.owned().remote
    }

    /// Whether the span is locked into memory. `false` only if [`best_effort_locking`](super::ActorHeapBuilder::best_effort_locking) was
    /// asked for.
    pub fn is_locked(&self) -> bool {
        self.shared().home.is_locked
    }

    /// Validates the free blocks. Cost: the blocks, and the region's 16-byte granules.
    ///
    /// # Errors
    /// The first statement that does not hold.
    pub fn check(&self) -> Result<(), CheckError> {
        self.owned().blocks.check()
    }
}

#[cold]
#[inline(never)]
fn refused(fault: Fault) -> ! {
    panic!("{fault}")
}

impl Drop for ActorHeap {
    fn drop(&mut self) {
        // SAFETY: needs that the heap is not used again; it ends here.
        unsafe { self.end() };
    }
}

impl fmt::Debug for ActorHeap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Live { blocks, bytes } = self.live();
        write!(f, "ActorHeap {{ {blocks} blocks of {bytes} bytes live }}")
    }
}
