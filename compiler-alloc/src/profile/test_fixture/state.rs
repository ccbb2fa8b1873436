//! The inside of a fixture: backend, heap, scripts and journal; behind the lock of [`FixtureMemory`](super::memory::FixtureMemory).

use super::journal::{Answer, Call, Difference, Ended, Event, Journal};
use super::window::Window;
use super::{Pages, Request, Requests, Settings};
use crate::arena::Spans;
use crate::fault::{FactName, Fault, FaultCode};
use crate::heap::{Heap, HeapLeft, SlabMap};
use crate::page_source::{FixtureCall, FixturePages, OS_ERROR_SCRIPTED, Refusals};
use crate::span::{CheckError, SpanBackend};
use std::ptr::NonNull;

/// A heap, and the map that it finds its slabs by. Both are leaked until [`State::end`].
#[derive(Clone, Copy)]
struct HeapParts {
    heap: NonNull<Heap<'static, Pages>>,
    map: NonNull<SlabMap>,
}

/// Requests of one kind, and which of the next ones are refused.
struct Script {
    refusals: Refusals,
    requests: Requests,
}

impl Script {
    fn new() -> Self {
        Script { refusals: Refusals::NONE, requests: Requests::default() }
    }

    /// Counts a request, and says whether it is refused.
    fn is_refused(&mut self) -> bool {
        let is_refused = self.refusals.meet();
        self.requests.count(is_refused);
        is_refused
    }
}

impl Requests {
    fn count(&mut self, is_refused: bool) {
        self.made += 1;
        self.refused += usize::from(is_refused);
    }
}

/// The inside of a fixture that has not ended.
pub(super) struct State {
    /// Made by `Box`, and leaked until [`end`](Self::end).
    backend: NonNull<SpanBackend<Pages>>,
    spans: Spans<Pages>,
    heap: Option<HeapParts>,
    threads_begun: usize,
    base: NonNull<u8>,
    settings: Settings,
    events: Vec<Event>,
    pages: Requests,
    pieces: Script,
    blocks: Script,
}

// SAFETY: needs that what the pointers lead to may be used from any thread; backend, heap and map are `Sync`, and the window is
// plain memory.
unsafe impl Send for State {}

impl State {
    pub(super) fn new(settings: Settings) -> Self {
        let window = Window::new(settings.seed, settings.window_bytes);
        let base = window.base();
        let backend = NonNull::from(Box::leak(Box::new(SpanBackend::new(FixturePages::new(window)))));
        // SAFETY: needs a live backend that stays; it was leaked, and only `end` frees it, after everything that refers to it.
        let spans = Spans::new(unsafe { backend.as_ref() });
        State {
            backend,
            spans,
            heap: None,
            threads_begun: 0,
            base,
            settings,
            events: Vec::new(),
            pages: Requests::default(),
            pieces: Script::new(),
            blocks: Script::new(),
        }
    }

    /// The backend. The fixture lends the reference to nobody who could keep it.
    pub(super) fn backend(&self) -> &'static SpanBackend<Pages> {
        // SAFETY: needs a live backend; only `end`, which consumes the state, frees it.
        unsafe { self.backend.as_ref() }
    }

    pub(super) fn spans(&self) -> &Spans<Pages> {
        &self.spans
    }

    pub(super) fn settings(&self) -> Settings {
        self.settings
    }

    /// The heap, made at the first call.
    pub(super) fn heap(&mut self) -> &'static Heap<'static, Pages> {
        let backend = self.backend();
        let parts = self.heap.get_or_insert_with(|| {
            // SAFETY: needs a type for which zero bytes are a value; a map says that of itself.
            let map: Box<SlabMap> = unsafe { Box::new_zeroed().assume_init() };
            let map = NonNull::from(Box::leak(map));
            // SAFETY: needs a live map that stays; it was leaked, and only `end` frees it, after the heap.
            let shown = unsafe { map.as_ref() };
            // SAFETY: needs a map that is zero and that no other heap uses; it was made for this one.
            let heap = unsafe { Heap::new(backend, shown) };
            HeapParts { heap: NonNull::from(Box::leak(Box::new(heap))), map }
        });
        // SAFETY: needs a live heap; only `end`, which consumes the state, frees it.
        unsafe { parts.heap.as_ref() }
    }

    /// The number of the next thread.
    pub(super) fn begin_thread(&mut self) -> usize {
        self.threads_begun += 1;
        self.note(Call::Begin, [self.threads_begun], Answer::Done);
        self.threads_begun
    }

    /// Writes a call down, after what the backend asked its pages meanwhile.
    pub(super) fn note<const N: usize>(&mut self, call: Call, arguments: [usize; N], answer: Answer) {
        self.note_pages();
        self.events.push(Event::new(call, arguments, answer));
    }

    fn note_pages(&mut self) {
        let pages = self.backend().source();
        for index in 0..pages.events() {
            let Some(event) = pages.event(index) else { break };
            let done = if event.refused { Answer::Refused } else { Answer::Done };
            let at = event.address.wrapping_sub(self.base.addr().get());
            let noted = match event.call {
                FixtureCall::Reserve if event.refused => Event::new(Call::Reserve, [event.bytes], done),
                FixtureCall::Reserve => Event::new(Call::Reserve, [event.bytes], Answer::At(at)),
                FixtureCall::Commit => Event::new(Call::Commit, [at, event.bytes], done),
                FixtureCall::Decommit => Event::new(Call::Decommit, [at, event.bytes], done),
                FixtureCall::Release => Event::new(Call::Release, [at, event.bytes], done),
                // Only sealed heaps ask for these, and the fixture has none.
                FixtureCall::Populate | FixtureCall::Lock | FixtureCall::Unlock => continue,
            };
            if matches!(event.call, FixtureCall::Reserve | FixtureCall::Commit) {
                self.pages.count(event.refused);
            }
            self.events.push(noted);
        }
        pages.forget_events();
    }

    pub(super) fn refuse(&mut self, request: Request, pass: usize, refuse: usize) {
        let call = match request {
            Request::Page => {
                self.backend().source().refuse_requests(pass, refuse);
                Call::RefusePages
            }
            Request::Piece => {
                self.pieces.refusals = Refusals::after(pass, refuse);
                Call::RefusePieces
            }
            Request::Block => {
                self.blocks.refusals = Refusals::after(pass, refuse);
                Call::RefuseBlocks
            }
        };
        self.note(call, [pass, refuse], Answer::Done);
    }

    pub(super) fn refuse_nothing(&mut self) {
        self.backend().source().refuse_nothing();
        (self.pieces.refusals, self.blocks.refusals) = (Refusals::NONE, Refusals::NONE);
        self.note(Call::RefuseNothing, [], Answer::Done);
    }

    pub(super) fn requests(&mut self, request: Request) -> Requests {
        self.note_pages();
        match request {
            Request::Page => self.pages,
            Request::Piece => self.pieces.requests,
            Request::Block => self.blocks.requests,
        }
    }

    /// The fault of a piece that the script refuses.
    pub(super) fn refused_piece(&mut self, bytes: usize) -> Option<Fault> {
        self.pieces.is_refused().then(|| {
            Fault::new(FaultCode::PageExhaustion, "piece of a test fixture")
                .with(FactName::Asked, bytes as u64)
                .with(FactName::OsError, OS_ERROR_SCRIPTED.unsigned_abs().into())
        })
    }

    /// Whether the script refuses this block.
    pub(super) fn is_block_refused(&mut self) -> bool {
        self.blocks.is_refused()
    }

    pub(super) fn offset_of(&self, pointer: *const u8) -> Option<usize> {
        let offset = pointer.addr().checked_sub(self.base.addr().get())?;
        (offset < self.backend().geometry().window_bytes).then_some(offset)
    }

    /// The offset of memory that the fixture lent.
    pub(super) fn offset(&self, place: NonNull<u8>) -> usize {
        place.addr().get() - self.base.addr().get()
    }

    pub(super) fn place_at(&self, offset: usize) -> Option<NonNull<u8>> {
        let is_inside = offset < self.backend().geometry().window_bytes;
        // SAFETY: needs to stay inside the window; the offset is smaller than its size.
        is_inside.then(|| unsafe { self.base.add(offset) })
    }

    pub(super) fn journal(&mut self) -> Journal {
        self.note_pages();
        Journal { settings: self.settings, events: self.events.clone() }
    }

    /// Where what happened differs from `expected`, which may go on. Looks at events from `*seen` on, and moves it.
    pub(super) fn difference(&mut self, expected: &[Event], seen: &mut usize) -> Option<Difference> {
        self.note_pages();
        let from = std::mem::replace(seen, self.events.len());
        (from..self.events.len()).find_map(|index| {
            let (expected, found) = (expected.get(index).copied(), Some(self.events[index]));
            (expected != found).then_some(Difference { index, expected, found })
        })
    }

    pub(super) fn check(&self) -> Result<(), CheckError> {
        self.backend().check()?;
        match self.heap {
            Some(parts) => {
                // SAFETY: needs a live heap; only `end`, which consumes the state, frees it.
                let heap = unsafe { parts.heap.as_ref() };
                // SAFETY: needs that no other thread uses the heap now; every use of it holds the fixture's lock, as this one does.
                unsafe { heap.check() }
            }
            None => Ok(()),
        }
    }

    /// Gives everything back. What is in use stays where it is, in the state that is answered then.
    pub(super) fn end(mut self) -> (Ended, Option<State>) {
        let stats = self.backend().stats();
        self.spans.flush();
        let left = self.heap.map_or(HeapLeft::default(), |parts| {
            // SAFETY: needs a live heap; it is freed below at the earliest.
            let heap = unsafe { parts.heap.as_ref() };
            // SAFETY: needs that no other call on the heap runs; every call holds the fixture's lock, as this one does.
            unsafe { heap.shutdown() }
        });
        let report = self.backend().shutdown();
        let journal = self.journal();
        let ended = Ended { journal, stats, leak: report.leak() };
        if report.live_units > 0 || left != HeapLeft::default() {
            return (ended, Some(self));
        }
        self.free();
        (ended, None)
    }

    /// Frees the parts, of which nothing is in use.
    fn free(self) {
        let State { backend, spans, heap, .. } = self;
        drop(spans);
        if let Some(HeapParts { heap, map }) = heap {
            // SAFETY: needs a pointer that `Box` made and that nobody uses again; `heap` leaked it, no thread has a part of it, and the
            // state is consumed.
            drop(unsafe { Box::from_raw(heap.as_ptr()) });
            // SAFETY: as above; the heap, which alone referred to the map, is gone.
            drop(unsafe { Box::from_raw(map.as_ptr()) });
        }
        // SAFETY: as above; the cache and the heap, which alone referred to the backend, are gone.
        drop(unsafe { Box::from_raw(backend.as_ptr()) });
    }
}
