//! The memory that arenas of a fixture lie in: that of a process, with a script before it and a journal behind it.

use super::Settings;
use super::journal::{Answer, Call, Ended};
use super::state::State;
use crate::arena::{ArenaMemory, Piece};
use crate::fault::{Fault, FaultCode};
use crate::span::Holder;
use std::ptr::NonNull;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The fixture behind its lock.
pub(super) struct FixtureMemory {
    /// `None` once it has ended.
    state: Mutex<Option<State>>,
    /// What it was when it ended, if something of it was in use.
    left: Mutex<Option<State>>,
}

impl FixtureMemory {
    /// A fixture for ever, because arenas name their memory for ever. It stays reachable, so that a leak check of the process
    /// says nothing of it, but names whoever still has something in it.
    pub(super) fn leaked(settings: Settings) -> &'static Self {
        static REACHABLE: Mutex<Vec<&'static FixtureMemory>> = Mutex::new(Vec::new());
        let state = Mutex::new(Some(State::new(settings)));
        let memory: &'static Self = Box::leak(Box::new(FixtureMemory { state, left: Mutex::new(None) }));
        REACHABLE.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
        memory
    }

    fn lock(&self) -> MutexGuard<'_, Option<State>> {
        // A panic under the lock was a finding; the state is that of the last whole call.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `work` on a fixture that has not ended.
    ///
    /// # Panics
    /// If it has: who has the fixture has not ended it.
    pub(super) fn with<R>(&self, work: impl FnOnce(&mut State) -> R) -> R {
        work(self.lock().as_mut().expect("the fixture has not ended while somebody has it"))
    }

    pub(super) fn end(&self) -> Ended {
        self.end_if_running().expect("a fixture ends once")
    }

    /// Ends the fixture; `None` if it has ended.
    pub(super) fn end_if_running(&self) -> Option<Ended> {
        let state = self.lock().take()?;
        let (ended, left) = state.end();
        *self.left.lock().unwrap_or_else(PoisonError::into_inner) = left;
        Some(ended)
    }
}

// SAFETY: pieces must be valid, unshared and aligned until they are given back; they are those of `Spans`, whose promise this is,
// and the backend is not freed while one of them is in use.
unsafe impl ArenaMemory for FixtureMemory {
    fn take(&self, bytes_min: usize, bytes_want: usize) -> Result<Piece, Fault> {
        let mut guard = self.lock();
        let Some(state) = guard.as_mut() else {
            return Err(Fault::new(FaultCode::Exhaustion, "test fixture that has ended"));
        };
        let lent = match state.refused_piece(bytes_min) {
            Some(fault) => Err(fault),
            None if state.settings().is_frugal => state.spans().take(bytes_min, bytes_min),
            None => state.spans().take(bytes_min, bytes_want),
        };
        let answer = match &lent {
            Ok(piece) => Answer::Range(state.offset(piece.base), piece.bytes),
            Err(_) => Answer::Refused,
        };
        state.note(Call::Take, [bytes_min, bytes_want], answer);
        lent
    }

    unsafe fn extend_down(
        &self,
        base: NonNull<u8>,
        piece_bytes: usize,
        bytes_min: usize,
        bytes_want: usize,
    ) -> usize {
        let mut guard = self.lock();
        let Some(state) = guard.as_mut() else { return 0 };
        let more = if state.settings().is_frugal {
            0
        } else {
            // SAFETY: the caller keeps the duties of this call, which are the same.
            unsafe { state.spans().extend_down(base, piece_bytes, bytes_min, bytes_want) }
        };
        let arguments = [state.offset(base), piece_bytes, bytes_min, bytes_want];
        state.note(Call::ExtendDown, arguments, Answer::Bytes(more));
        more
    }

    unsafe fn give_back(&self, base: NonNull<u8>, bytes: usize, holder: Holder) {
        let mut guard = self.lock();
        // After the end the memory stays valid for ever, and nobody counts it any more.
        let Some(state) = guard.as_mut() else { return };
        // SAFETY: the caller keeps the duties of this call, which are the same.
        unsafe { state.spans().give_back(base, bytes, holder) };
        let arguments = [state.offset(base), bytes, usize::from(holder == Holder::Sealed)];
        state.note(Call::GiveBack, arguments, Answer::Done);
    }

    unsafe fn donate_low(&self, base: NonNull<u8>, piece_bytes: usize, bytes: usize) -> usize {
        let mut guard = self.lock();
        let Some(state) = guard.as_mut() else { return 0 };
        // SAFETY: the caller keeps the duties of this call, which are the same.
        let donated = unsafe { state.spans().donate_low(base, piece_bytes, bytes) };
        let arguments = [state.offset(base), piece_bytes, bytes];
        state.note(Call::DonateLow, arguments, Answer::Bytes(donated));
        donated
    }

    fn note_sealed(&self, bytes: usize) {
        let mut guard = self.lock();
        let Some(state) = guard.as_mut() else { return };
        state.spans().note_sealed(bytes);
        state.note(Call::NoteSealed, [bytes], Answer::Done);
    }

    fn safepoint(&self) {
        let mut guard = self.lock();
        let Some(state) = guard.as_mut() else { return };
        state.spans().safepoint();
        state.note(Call::Safepoint, [], Answer::Done);
    }

    fn trim(&self, keep_bytes: usize) {
        let mut guard = self.lock();
        let Some(state) = guard.as_mut() else { return };
        state.spans().trim(keep_bytes);
        state.note(Call::Trim, [keep_bytes], Answer::Done);
    }

    fn thread_token(&self) -> usize {
        0
    }
}
