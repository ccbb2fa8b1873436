//! Values in an actor's heap: an [`ActorBox`] while they are the actor's, a [`RemoteBox`] once they left its thread.

use super::control::Control;
use super::heap::ActorHeap;
use core::alloc::Layout;
use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;

/// A value in the heap of the actor that runs. Frees itself when it is dropped, without a locked operation.
///
/// It borrows its heap, so that it cannot outlive it, nor the heap change threads meanwhile; [`into_remote`](Self::into_remote)
/// makes a value that can be sent away. Two words.
pub struct ActorBox<'h, T> {
    value: NonNull<T>,
    heap: &'h ActorHeap,
    owns: PhantomData<T>,
}

impl<'h, T> ActorBox<'h, T> {
    /// # Safety
    /// - `value` leads to a live value in a block that `heap` handed out for `T`'s layout, and nobody else owns it.
    #[inline(always)]
    pub(super) unsafe fn from_raw(value: NonNull<T>, heap: &'h ActorHeap) -> Self {
        ActorBox { value, heap, owns: PhantomData }
    }

    /// Lets the value go: it can be sent to another thread, and comes home by a [`RemoteSender`](super::RemoteSender) of the actor
    /// or by [`ActorHeap::reclaim`]. One addition.
    #[inline]
    pub fn into_remote(self) -> RemoteBox<T> {
        let this = ManuallyDrop::new(self);
        this.heap.let_go();
        RemoteBox { value: this.value, control: this.heap.control(), owns: PhantomData }
    }

    /// Takes the value out and frees its block.
    #[inline]
    pub fn into_inner(self) -> T {
        let this = ManuallyDrop::new(self);
        // SAFETY: needs a live value that nobody reads again; the box owns it, and is not dropped.
        let value = unsafe { this.value.read() };
        // SAFETY: needs a block of this heap and layout that nobody uses any more; the box had it, and its value was moved out.
        unsafe { this.heap.deallocate(this.value.cast(), Layout::new::<T>()) };
        value
    }
}

impl<T> Drop for ActorBox<'_, T> {
    #[inline]
    fn drop(&mut self) {
        /// Frees the block, also when the value's destructor panics.
        struct Free<'h>(&'h ActorHeap, NonNull<u8>, Layout);
        impl Drop for Free<'_> {
            #[inline(always)]
            fn drop(&mut self) {
                // SAFETY: needs a block of this heap and layout that nobody uses any more; the box that made this guard owned it, and
                // its value is dropped.
                unsafe { self.0.deallocate(self.1, self.2) };
            }
        }
        let _free = Free(self.heap, self.value.cast(), Layout::new::<T>());
        // SAFETY: needs a live value that nobody uses again; the box owns it and ends.
        unsafe { self.value.drop_in_place() };
    }
}

impl<T> Deref for ActorBox<'_, T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: needs a live value that nobody writes meanwhile; the box owns it, and is borrowed.
        unsafe { self.value.as_ref() }
    }
}

impl<T> DerefMut for ActorBox<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: needs a live value that nobody else uses; the box owns it, and is borrowed uniquely.
        unsafe { self.value.as_mut() }
    }
}

impl<T: fmt::Debug> fmt::Debug for ActorBox<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// A value that left its actor's thread. Give it back by [`RemoteSender::send`](super::RemoteSender::send), or send it home by any
/// channel, where [`ActorHeap::reclaim`] makes it the actor's again.
///
/// *Dropping* it destroys the value, but its block stays out of use as long as the actor lives, whose end reports it
/// ([`FaultCode::ShutdownLeak`](crate::fault::FaultCode::ShutdownLeak)). The memory itself is never lost: it goes back with the span.
///
/// The box keeps the span alive, not the actor. Two words; `Send` and `Sync` if the value is.
#[must_use = "dropping a remote box keeps its block out of use; send it home"]
pub struct RemoteBox<T> {
    value: NonNull<T>,
    control: NonNull<Control>,
    owns: PhantomData<T>,
}

// SAFETY: needs that the value may be used and dropped on another thread; `T: Send` says so. Of the control block a remote box
// uses only what is shared: the references, and how the span goes back.
unsafe impl<T: Send> Send for RemoteBox<T> {}
// SAFETY: needs that a shared box gives only shared access to the value; `T: Sync` allows that from several threads.
unsafe impl<T: Sync> Sync for RemoteBox<T> {}

impl<T> RemoteBox<T> {
    /// The control block of the actor that it belongs to.
    #[inline(always)]
    pub(super) fn control(&self) -> NonNull<Control> {
        self.control
    }

    /// The value, which nobody drops any more, and whose reference the caller now has.
    #[inline(always)]
    pub(super) fn into_raw(self) -> NonNull<T> {
        ManuallyDrop::new(self).value
    }
}

impl<T> Drop for RemoteBox<T> {
    fn drop(&mut self) {
        /// Gives the reference up, also when the value's destructor panics.
        struct Leave(NonNull<Control>);
        impl Drop for Leave {
            fn drop(&mut self) {
                // SAFETY: needs one reference, not used afterwards; the box that made this guard had one and ends.
                unsafe { Control::leave(self.0) };
            }
        }
        let _leave = Leave(self.control);
        // SAFETY: needs a live value that nobody uses again; the box owns it and ends.
        unsafe { self.value.drop_in_place() };
    }
}

impl<T> Deref for RemoteBox<T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: needs a live value that nobody writes meanwhile; the box owns it, and is borrowed.
        unsafe { self.value.as_ref() }
    }
}

impl<T> DerefMut for RemoteBox<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: needs a live value that nobody else uses; the box owns it, and is borrowed uniquely.
        unsafe { self.value.as_mut() }
    }
}

impl<T: fmt::Debug> fmt::Debug for RemoteBox<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
