//! One thread of a fixture's heap, as a value: a test takes turns between several.

use super::journal::{Answer, Call};
use super::state::State;
use super::{Pages, TestFixture};
use crate::heap::{ThreadHeap, ThreadToken};
use crate::span::CheckError;
use std::alloc::Layout;
use std::num::NonZeroUsize;
use std::ptr::NonNull;

/// One thread of a fixture's heap; dropping it is the thread's exit.
///
/// A block may be freed by any thread of the fixture. One that another thread than its owner frees waits for the owner's next
/// drain point: a [`safepoint`](Self::safepoint), an allocation whose list is empty, or the owner's exit.
///
/// ```
/// # #[cfg(feature = "test-fixture")] {
/// use compiler_alloc::profile::test_fixture::TestFixture;
/// use std::alloc::Layout;
/// let fixture = TestFixture::new(1);
/// let (mut maker, mut other) = (fixture.thread(), fixture.thread());
/// let block = maker.alloc(Layout::new::<u64>()).expect("nothing is refused");
/// // SAFETY: the block is in use, and nobody uses it again.
/// unsafe { other.free(block) };
/// drop((other, maker));
/// assert!(fixture.finish().leak.is_none());
/// # }
/// ```
pub struct FixtureThread<'f> {
    fixture: &'f TestFixture,
    number: usize,
    own: Box<ThreadHeap<'static, Pages>>,
}

impl<'f> FixtureThread<'f> {
    pub(super) fn begin(fixture: &'f TestFixture) -> Self {
        let number = fixture.memory.with(State::begin_thread);
        FixtureThread { fixture, number, own: Box::default() }
    }

    /// Its number: 1 for the first thread of the fixture.
    pub fn number(&self) -> usize {
        self.number
    }

    fn token(&self) -> ThreadToken {
        let number = NonZeroUsize::MIN.saturating_add(self.number - 1);
        // SAFETY: needs a number that no other thread heap of the heap has; the fixture gives each once.
        unsafe { ThreadToken::new(number) }
    }

    /// A block for `layout`, whose contents are not defined; `None` if the script or the page source refuses it.
    pub fn alloc(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        let token = self.token();
        self.fixture.memory.with(|state| {
            let place = if state.is_block_refused() {
                None
            } else {
                let heap = state.heap();
                // SAFETY: needs the same heap and token at every call; the fixture has one heap, and the number stays.
                NonNull::new(unsafe { self.own.alloc_layout(heap, token, layout) })
            };
            let answer = place.map_or(Answer::Refused, |place| Answer::At(state.offset(place)));
            state.note(Call::Alloc, [self.number, layout.size(), layout.align()], answer);
            place
        })
    }

    /// Gives a block back.
    ///
    /// # Safety
    /// - A thread of this fixture gave it out, it was not freed since, and nobody uses it again.
    pub unsafe fn free(&mut self, block: NonNull<u8>) {
        let token = self.token();
        self.fixture.memory.with(|state| {
            let heap = state.heap();
            // SAFETY: needs the same heap and token, as above, and a block in use; the caller promises that.
            unsafe { self.own.free(heap, token, block.as_ptr()) };
            state.note(Call::Free, [self.number, state.offset(block)], Answer::Done);
        });
    }

    /// The block with room for `layout`'s size and its contents up to the smaller of both sizes, perhaps elsewhere; `None` if
    /// that is refused, and then the block is as it was.
    ///
    /// # Safety
    /// - A thread of this fixture gave the block out, it was not freed since, and it is aligned to `layout`'s alignment.
    /// - If the answer is another place, nobody uses the block again.
    pub unsafe fn resize(&mut self, block: NonNull<u8>, layout: Layout) -> Option<NonNull<u8>> {
        let token = self.token();
        self.fixture.memory.with(|state| {
            let from = state.offset(block);
            let place = if state.is_block_refused() {
                None
            } else {
                let heap = state.heap();
                // SAFETY: needs the same heap and token, as above, and a block of that alignment; the caller promises that.
                let place = unsafe { self.own.resize(heap, token, block, layout.size(), layout.align()) };
                NonNull::new(place)
            };
            let answer = place.map_or(Answer::Refused, |place| Answer::At(state.offset(place)));
            state.note(Call::Resize, [self.number, from, layout.size(), layout.align()], answer);
            place
        })
    }

    /// A drain point: takes in what other threads freed of this one's blocks, sends what it freed of theirs, and gives empty
    /// slabs back.
    pub fn safepoint(&mut self) {
        self.fixture.memory.with(|state| {
            let heap = state.heap();
            // SAFETY: needs the same heap at every call; the fixture has one.
            unsafe { self.own.collect(heap) };
            state.note(Call::Collect, [self.number], Answer::Done);
        });
    }

    /// Validates everything that the thread has.
    ///
    /// # Errors
    /// The first statement that does not hold.
    pub fn check(&self) -> Result<(), CheckError> {
        self.own.check()
    }
}

impl Drop for FixtureThread<'_> {
    fn drop(&mut self) {
        self.fixture.memory.with(|state| {
            let heap = state.heap();
            // SAFETY: needs the same heap at every call; the fixture has one.
            unsafe { self.own.exit(heap) };
            state.note(Call::Exit, [self.number], Answer::Done);
        });
    }
}
