//! A sender: by which another thread gives an actor's blocks back, without waiting.

use super::boxes::RemoteBox;
use super::control::Control;
use super::queue::{Credit, Message, Refusal};
use crate::fault::{FactName, Fault, FaultCode};
use core::alloc::Layout;
use core::fmt;
use core::mem;
use core::ptr::NonNull;

/// Gives blocks back to one actor. Each sender has its own credits; one thread at a time uses it.
///
/// It may outlive the actor: then everything sent comes back, and the last sender or remote box to go returns the actor's span.
pub struct RemoteSender {
    control: NonNull<Control>,
    credit: Credit,
}

// SAFETY: needs that the sender may be used from any thread, one at a time; of the control block it uses only what is shared, and
// its account is its own, which the queue's words hand over.
unsafe impl Send for RemoteSender {}
// SAFETY: needs that nothing changes through a shared sender; sending takes it uniquely, and the rest only loads.
unsafe impl Sync for RemoteSender {}

/// Why a block was not taken. It is here, unchanged.
#[must_use = "the block is in here; send it again later, or keep it"]
pub enum SendError<B> {
    /// The sender's credits are spent: the owner has not drained so many of its messages.
    Full(B),
    /// The actor is gone.
    Closed(B),
    /// It belongs to another actor.
    Foreign(B),
}

impl<B> SendError<B> {
    /// The block.
    pub fn into_inner(self) -> B {
        match self {
            SendError::Full(back) | SendError::Closed(back) | SendError::Foreign(back) => back,
        }
    }

    fn text(&self) -> &'static str {
        match self {
            SendError::Full(_) => "the sender's credits are spent",
            SendError::Closed(_) => "the actor is gone",
            SendError::Foreign(_) => "the block belongs to another actor",
        }
    }
}

impl<B> fmt::Debug for SendError<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl<B> fmt::Display for SendError<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl<B> core::error::Error for SendError<B> {}

impl RemoteSender {
    /// # Safety
    /// - `control` is a live control block, one reference of which goes over to the sender, and `credit` one of its queue's that no
    ///   other sender has.
    pub(super) unsafe fn new(control: NonNull<Control>, credit: Credit) -> Self {
        RemoteSender { control, credit }
    }

    #[inline(always)]
    fn control(&self) -> &Control {
        // SAFETY: needs a live control block; the sender's reference keeps it.
        unsafe { self.control.as_ref() }
    }

    /// Gives a box back to its actor, which frees the block at its next drain. The value is destroyed here, after its block is on its
    /// way.
    ///
    /// Wait-free: one locked addition, no loop; at most 24 instructions for a value without destructor.
    ///
    /// # Errors
    /// [`SendError`] with the box, unchanged: the credits are spent, the actor is gone, or it is another actor's box.
    #[inline]
    pub fn send<T>(&mut self, remote: RemoteBox<T>) -> Result<(), SendError<RemoteBox<T>>> {
        if remote.control() != self.control {
            return Err(SendError::Foreign(remote));
        }
        // SAFETY: needs a live control block, borrowed apart from the credit; the sender's reference keeps it.
        let queue = &unsafe { self.control.as_ref() }.queue;
        let ticket = match queue.draw(&mut self.credit) {
            Ok(ticket) => ticket,
            Err(Refusal::Full) => return Err(SendError::Full(remote)),
            Err(Refusal::Closed) => return Err(SendError::Closed(remote)),
        };
        let value = remote.into_raw();
        // What needs no destructor is left where it is; the rest is moved out, so that no code of the value's runs before the
        // message is written.
        // SAFETY: needs a live value that nobody uses again; the box owned it, and was taken apart.
        let moved = mem::needs_drop::<T>().then(|| unsafe { value.read() });
        queue.redeem(
            ticket,
            &self.credit,
            Message { block: value.cast(), layout: Layout::new::<T>(), is_box: true },
        );
        drop(moved);
        Ok(())
    }

    /// Gives a block of the raw interface back to its actor.
    ///
    /// Wait-free, as [`send`](Self::send).
    ///
    /// # Errors
    /// [`SendError`]: the block is the caller's as before.
    ///
    /// # Safety
    /// - The block came from [`ActorHeap::try_allocate`](super::ActorHeap::try_allocate) of this sender's actor with the same layout, and was
    ///   not given back.
    /// - Unless the call fails, nobody uses the block any more.
    #[inline]
    pub unsafe fn send_raw(
        &mut self,
        block: NonNull<u8>,
        layout: Layout,
    ) -> Result<(), SendError<NonNull<u8>>> {
        // SAFETY: needs a live control block, borrowed apart from the credit; the sender's reference keeps it.
        let queue = &unsafe { self.control.as_ref() }.queue;
        match queue.draw(&mut self.credit) {
            Ok(ticket) => {
                queue.redeem(ticket, &self.credit, Message { block, layout, is_box: false });
                Ok(())
            }
            Err(Refusal::Full) => Err(SendError::Full(block)),
            Err(Refusal::Closed) => Err(SendError::Closed(block)),
        }
    }

    /// How many messages this sender can have on their way.
    pub fn credits(&self) -> u32 {
        self.control().queue.credits()
    }

    /// How many messages of this sender the actor has not drained.
    pub fn pending(&self) -> u32 {
        self.control().queue.pending(&self.credit)
    }

    /// [`FaultCode::RemoteFreeOverflow`]: what to report after [`SendError::Full`] or [`SendError::Closed`].
    pub fn overflow(&self) -> Fault {
        Fault::new(FaultCode::RemoteFreeOverflow, "actor message queue")
            .with(FactName::Capacity, self.credits().into())
            .with(FactName::Pending, self.pending().into())
    }
}

impl Drop for RemoteSender {
    fn drop(&mut self) {
        self.control().queue.part(&self.credit);
        // SAFETY: needs one reference, not used afterwards; the sender has one and ends.
        unsafe { Control::leave(self.control) };
    }
}

impl fmt::Debug for RemoteSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RemoteSender {{ {} of {} credits spent }}", self.pending(), self.credits())
    }
}
