//! A journal played again: the same settings, the same calls, and the same answers expected.

use super::journal::{Call, Difference, Ended, Event, Journal};
use super::{FixtureThread, Request, TestFixture};
use crate::arena::ArenaMemory;
use crate::span::Holder;
use std::alloc::Layout;
use std::ptr::NonNull;

impl Journal {
    /// Makes a fixture with the journal's settings, makes every call again that was not the backend's own, and compares what
    /// that fixture's journal says.
    ///
    /// The journal must be that of a fixture, whole from its beginning: the calls are believed to be allowed. What was in use at
    /// its end is in use at the end of the replay too.
    ///
    /// # Errors
    /// Where the two part first: another version of the library decides otherwise, or the journal was changed.
    pub fn replay(&self) -> Result<Ended, Box<Difference>> {
        let fixture = TestFixture::with(self.settings);
        let mut threads: Vec<Option<FixtureThread<'_>>> = Vec::new();
        let mut seen = 0;
        for (index, event) in self.events.iter().enumerate() {
            if event.call.is_made_by_the_backend() {
                continue;
            }
            if !repeat(&fixture, &mut threads, event) {
                return Err(Box::new(Difference { index, expected: Some(*event), found: None }));
            }
            // Before the next call relies on an answer that may differ.
            if let Some(difference) = fixture.memory.with(|state| state.difference(&self.events, &mut seen)) {
                threads.into_iter().flatten().for_each(std::mem::forget);
                return Err(Box::new(difference));
            }
        }
        // Threads that had not ended when the journal was written are not part of it.
        threads.into_iter().flatten().for_each(std::mem::forget);
        let ended = fixture.finish();
        // A journal that was written before the end is shorter.
        match self.difference(&ended.journal).filter(|difference| difference.expected.is_some()) {
            None => Ok(ended),
            Some(difference) => Err(Box::new(difference)),
        }
    }
}

/// Makes one call; `false` if it cannot be made here.
fn repeat<'f>(fixture: &'f TestFixture, threads: &mut Vec<Option<FixtureThread<'f>>>, event: &Event) -> bool {
    let argument = |place: usize| event.arguments().get(place).copied().unwrap_or_default();
    let memory: &dyn ArenaMemory = fixture.memory();
    let place = |offset: usize| fixture.place_at(offset);
    match event.call {
        Call::RefusePages => fixture.refuse(Request::Page, argument(0), argument(1)),
        Call::RefusePieces => fixture.refuse(Request::Piece, argument(0), argument(1)),
        Call::RefuseBlocks => fixture.refuse(Request::Block, argument(0), argument(1)),
        Call::RefuseNothing => fixture.refuse_nothing(),
        Call::Take => {
            let _ = memory.take(argument(0), argument(1));
        }
        Call::ExtendDown => {
            let Some(base) = place(argument(0)) else { return false };
            // SAFETY: needs a piece that the memory lent; the journal says that it was, and up to here its answers were repeated.
            unsafe { memory.extend_down(base, argument(1), argument(2), argument(3)) };
        }
        Call::GiveBack => {
            let Some(base) = place(argument(0)) else { return false };
            let holder = if argument(2) == 1 { Holder::Sealed } else { Holder::Arena };
            // SAFETY: as above, and nobody uses what is only replayed.
            unsafe { memory.give_back(base, argument(1), holder) };
        }
        Call::DonateLow => {
            let Some(base) = place(argument(0)) else { return false };
            // SAFETY: as above.
            unsafe { memory.donate_low(base, argument(1), argument(2)) };
        }
        Call::NoteSealed => memory.note_sealed(argument(0)),
        Call::Safepoint => memory.safepoint(),
        Call::Trim => memory.trim(argument(0)),
        Call::Begin => threads.push(Some(fixture.thread())),
        Call::Exit => {
            return threads
                .get_mut(argument(0).wrapping_sub(1))
                .is_some_and(|thread| thread.take().is_some());
        }
        Call::Alloc | Call::Free | Call::Resize | Call::Collect => {
            let Some(Some(thread)) = threads.get_mut(argument(0).wrapping_sub(1)) else { return false };
            return repeat_of_thread(thread, event, place(argument(1)));
        }
        Call::Reserve | Call::Commit | Call::Decommit | Call::Release => {}
    }
    true
}

/// One call of a thread of the heap; `block` is the place that its second argument names.
fn repeat_of_thread(thread: &mut FixtureThread<'_>, event: &Event, block: Option<NonNull<u8>>) -> bool {
    let arguments = event.arguments();
    match (event.call, block) {
        (Call::Alloc, _) => {
            let Ok(layout) = Layout::from_size_align(arguments[1], arguments[2]) else { return false };
            thread.alloc(layout);
        }
        // SAFETY: needs a block in use that nobody uses again; the journal says that it was, and its answers were repeated.
        (Call::Free, Some(block)) => unsafe { thread.free(block) },
        (Call::Resize, Some(block)) => {
            let Ok(layout) = Layout::from_size_align(arguments[2], arguments[3]) else { return false };
            // SAFETY: as above.
            unsafe { thread.resize(block, layout) };
        }
        (Call::Collect, _) => thread.safepoint(),
        _ => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::test_fixture::Answer;

    #[test]
    fn a_call_that_cannot_be_made_is_where_a_replay_stops() {
        let fixture = TestFixture::new(1);
        fixture.refuse_nothing();
        let mut journal = fixture.journal();
        journal.events.push(Event::new(Call::Collect, [3], Answer::Done));
        let difference = journal.replay().expect_err("there is no thread 3");
        assert_eq!((difference.index, difference.found), (1, None));
    }
}
