//! What a fixture was asked and what it answered, in order; with a text form that can be kept in a file.

use super::Settings;
use crate::span::SpanStats;
use std::fmt;
use std::str::FromStr;

/// The most arguments of a call.
const ARGUMENTS_MAX: usize = 4;

/// What a fixture can be asked, by itself, by its arenas, or by its heap; and what it asks its pages.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Call {
    /// [`refuse`](super::TestFixture::refuse) of page requests.
    RefusePages,
    /// [`refuse`](super::TestFixture::refuse) of pieces.
    RefusePieces,
    /// [`refuse`](super::TestFixture::refuse) of blocks.
    RefuseBlocks,
    /// [`refuse_nothing`](super::TestFixture::refuse_nothing).
    RefuseNothing,
    /// The span backend reserves addresses.
    Reserve,
    /// The span backend makes reserved memory usable.
    Commit,
    /// The span backend gives memory back and keeps the addresses.
    Decommit,
    /// The span backend gives a reservation back.
    Release,
    /// An arena asks for a piece.
    Take,
    /// An arena asks for the bytes below its piece.
    ExtendDown,
    /// An arena or a sealed result gives a piece back.
    GiveBack,
    /// An arena gives the low end of its piece back.
    DonateLow,
    /// Bytes pass from an arena to a sealed result.
    NoteSealed,
    /// A session or a pool passes a safepoint.
    Safepoint,
    /// A session trims.
    Trim,
    /// A thread of the heap begins.
    Begin,
    /// A thread asks for a block.
    Alloc,
    /// A thread frees a block.
    Free,
    /// A thread asks for another size of a block.
    Resize,
    /// A thread of the heap passes a safepoint.
    Collect,
    /// A thread of the heap ends.
    Exit,
}

impl Call {
    /// Every call, with its name in a journal's text, the names of its arguments, and whether it is made by the page backend,
    /// not by who uses the fixture.
    const ALL: [(Call, &'static str, &'static [&'static str], bool); 21] = [
        (Call::RefusePages, "refuse-pages", &["pass", "refuse"], false),
        (Call::RefusePieces, "refuse-pieces", &["pass", "refuse"], false),
        (Call::RefuseBlocks, "refuse-blocks", &["pass", "refuse"], false),
        (Call::RefuseNothing, "refuse-nothing", &[], false),
        (Call::Reserve, "reserve", &["bytes"], true),
        (Call::Commit, "commit", &["at", "bytes"], true),
        (Call::Decommit, "decommit", &["at", "bytes"], true),
        (Call::Release, "release", &["at", "bytes"], true),
        (Call::Take, "take", &["bytes-min", "bytes-want"], false),
        (Call::ExtendDown, "extend-down", &["at", "piece-bytes", "bytes-min", "bytes-want"], false),
        (Call::GiveBack, "give-back", &["at", "bytes", "sealed"], false),
        (Call::DonateLow, "donate-low", &["at", "piece-bytes", "bytes"], false),
        (Call::NoteSealed, "note-sealed", &["bytes"], false),
        (Call::Safepoint, "safepoint", &[], false),
        (Call::Trim, "trim", &["keep-bytes"], false),
        (Call::Begin, "begin", &["thread"], false),
        (Call::Alloc, "alloc", &["thread", "bytes", "align"], false),
        (Call::Free, "free", &["thread", "at"], false),
        (Call::Resize, "resize", &["thread", "at", "bytes", "align"], false),
        (Call::Collect, "collect", &["thread"], false),
        (Call::Exit, "exit", &["thread"], false),
    ];

    fn entry(self) -> (&'static str, &'static [&'static str], bool) {
        let found = Call::ALL.iter().find(|(call, ..)| *call == self);
        found
            .map_or(("unknown", &[], true), |(_, name, arguments, by_backend)| (name, arguments, *by_backend))
    }

    /// Its name in a journal's text.
    pub fn name(self) -> &'static str {
        self.entry().0
    }

    /// The names of its arguments, in their order.
    pub fn arguments(self) -> &'static [&'static str] {
        self.entry().1
    }

    /// Whether the span backend makes it: then it follows from other calls, and [`Journal::replay`] expects it instead of
    /// making it.
    pub fn is_made_by_the_backend(self) -> bool {
        self.entry().2
    }
}

/// What a call was answered.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Answer {
    /// Nothing; it was done.
    Done,
    /// Refused, by script or because the window is used up.
    Refused,
    /// A place, in bytes from the window's beginning.
    At(usize),
    /// A range: its place, and how many bytes it has.
    Range(usize, usize),
    /// A number of bytes.
    Bytes(usize),
}

/// One call and its answer. Places are in bytes from the beginning of the fixture's window, so they are the same everywhere.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Event {
    /// What was asked.
    pub call: Call,
    arguments: [usize; ARGUMENTS_MAX],
    /// What was answered.
    pub answer: Answer,
}

impl Event {
    pub(super) fn new<const N: usize>(call: Call, arguments: [usize; N], answer: Answer) -> Self {
        let mut all = [0; ARGUMENTS_MAX];
        all[..N].copy_from_slice(&arguments);
        Event { call, arguments: all, answer }
    }

    /// The arguments, in the order of [`Call::arguments`].
    pub fn arguments(&self) -> &[usize] {
        &self.arguments[..self.call.arguments().len()]
    }

    /// The argument called `name`.
    pub fn argument(&self, name: &str) -> Option<usize> {
        let place = self.call.arguments().iter().position(|known| *known == name)?;
        Some(self.arguments[place])
    }

    /// Whether it was refused.
    pub fn is_refused(&self) -> bool {
        self.answer == Answer::Refused
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.call.name())?;
        for (name, value) in self.call.arguments().iter().zip(self.arguments) {
            write!(f, " {name} {value}")?;
        }
        match self.answer {
            Answer::Done => f.write_str(" = done"),
            Answer::Refused => f.write_str(" = refused"),
            Answer::At(at) => write!(f, " = at {at}"),
            Answer::Range(at, bytes) => write!(f, " = at {at} bytes {bytes}"),
            Answer::Bytes(bytes) => write!(f, " = bytes {bytes}"),
        }
    }
}

impl FromStr for Event {
    type Err = NotAJournal;

    fn from_str(line: &str) -> Result<Self, NotAJournal> {
        let wrong = || NotAJournal { line: line.to_owned() };
        let (asked, answered) = line.split_once(" = ").ok_or_else(wrong)?;
        let mut words = asked.split(' ');
        let name = words.next().ok_or_else(wrong)?;
        let known = Call::ALL.iter().find(|(_, known, ..)| *known == name);
        let &(call, _, names, _) = known.ok_or_else(wrong)?;
        let mut arguments = [0; ARGUMENTS_MAX];
        for (place, name) in names.iter().enumerate() {
            if words.next() != Some(name) {
                return Err(wrong());
            }
            arguments[place] = words.next().and_then(|word| word.parse().ok()).ok_or_else(wrong)?;
        }
        let number = |word: &str| word.parse().map_err(|_| wrong());
        let answer = match *answered.split(' ').collect::<Vec<_>>() {
            ["done"] => Answer::Done,
            ["refused"] => Answer::Refused,
            ["at", at] => Answer::At(number(at)?),
            ["at", at, "bytes", bytes] => Answer::Range(number(at)?, number(bytes)?),
            ["bytes", bytes] => Answer::Bytes(number(bytes)?),
            _ => return Err(wrong()),
        };
        if words.next().is_some() {
            return Err(wrong());
        }
        Ok(Event { call, arguments, answer })
    }
}

/// A line that is no line of a journal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NotAJournal {
    /// The line.
    pub line: String,
}

impl fmt::Display for NotAJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a line of a journal: {:?}", self.line)
    }
}

impl std::error::Error for NotAJournal {}

/// Everything that a fixture was asked up to some moment. Two journals are equal if settings, calls, answers and their order
/// are.
///
/// Its text has one line an event, after one with the settings:
///
/// ```
/// # #[cfg(feature = "test-fixture")] {
/// use compiler_alloc::profile::test_fixture::{Journal, TestFixture};
/// let fixture = TestFixture::new(7);
/// drop(fixture.arena().alloc([0_u8; 100]));
/// let text = fixture.journal().to_string();
/// assert!(text.starts_with("fixture seed 7 "));
/// assert_eq!(text.parse(), Ok(fixture.journal()));
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Journal {
    /// How the fixture was set up.
    pub settings: Settings,
    /// What it was asked.
    pub events: Vec<Event>,
}

impl Journal {
    /// The events of one call.
    pub fn of(&self, call: Call) -> impl Iterator<Item = &Event> {
        self.events.iter().filter(move |event| event.call == call)
    }

    /// Where this journal and another one differ first.
    pub fn difference(&self, other: &Journal) -> Option<Difference> {
        let longer = self.events.len().max(other.events.len());
        (0..longer).map(|index| (index, self.events.get(index), other.events.get(index))).find_map(
            |(index, expected, found)| {
                (expected != found).then(|| Difference {
                    index,
                    expected: expected.copied(),
                    found: found.copied(),
                })
            },
        )
    }
}

impl fmt::Display for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Settings { seed, window_bytes, is_frugal } = self.settings;
        writeln!(f, "fixture seed {seed} window-bytes {window_bytes} frugal {is_frugal}")?;
        self.events.iter().try_for_each(|event| writeln!(f, "{event}"))
    }
}

impl FromStr for Journal {
    type Err = NotAJournal;

    fn from_str(text: &str) -> Result<Self, NotAJournal> {
        let mut lines = text.lines();
        let first = lines.next().unwrap_or_default();
        let wrong = || NotAJournal { line: first.to_owned() };
        let ["fixture", "seed", seed, "window-bytes", window_bytes, "frugal", is_frugal] =
            *first.split(' ').collect::<Vec<_>>()
        else {
            return Err(wrong());
        };
        let settings = Settings {
            seed: seed.parse().map_err(|_| wrong())?,
            window_bytes: window_bytes.parse().map_err(|_| wrong())?,
            is_frugal: is_frugal.parse().map_err(|_| wrong())?,
        };
        Ok(Journal { settings, events: lines.map(str::parse).collect::<Result<_, _>>()? })
    }
}

/// Where two journals part.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Difference {
    /// Which event, counted from 0.
    pub index: usize,
    /// What stands there in the first journal.
    pub expected: Option<Event>,
    /// What stands there in the other.
    pub found: Option<Event>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |event: Option<Event>| event.map_or("the end".to_owned(), |event| event.to_string());
        write!(f, "event {}: expected `{}`, found `{}`", self.index, show(self.expected), show(self.found))
    }
}

impl std::error::Error for Difference {}

/// How a fixture ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Everything that it was asked, its end included.
    pub journal: Journal,
    /// Its statistics just before the end.
    pub stats: SpanStats,
    /// `ALLOCATOR_SHUTDOWN_LEAK` if something was still in use. Its memory then stays valid for ever.
    pub leak: Option<crate::fault::Fault>,
}
