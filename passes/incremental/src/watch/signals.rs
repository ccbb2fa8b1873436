//! When to look: notifications of the system, or a clock.

use super::Invocation;
use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// So long nothing must happen before files are looked at: whoever saves, saves several, and each in steps.
const QUIET: Duration = Duration::from_millis(30);
/// So long it is waited for that.
const QUIET_MAX: Duration = Duration::from_millis(500);

/// Something that the loop waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signal {
    /// Something happened where it was watched, or it is time to look.
    Touched,
    /// A check ended.
    Done,
}

type Identity = (u64, u64, Option<SystemTime>);

/// Which notifications matter.
#[derive(Default)]
struct Interest {
    /// Directories in which everything matters.
    places: BTreeSet<PathBuf>,
    /// What lies on the way to them: other things beside it are nobody's business.
    ways: BTreeSet<PathBuf>,
}

impl Interest {
    fn in_paths(&self, paths: &[PathBuf]) -> bool {
        let is_of_interest = |path: &PathBuf| {
            self.ways.contains(path)
                || self.places.contains(path)
                || path.parent().is_some_and(|parent| self.places.contains(parent))
        };
        paths.is_empty() || paths.iter().any(is_of_interest)
    }
}

/// Signals, and where they come from.
pub struct Signals {
    sender: Sender<Signal>,
    receiver: Receiver<Signal>,
    /// Without one the clock says when to look.
    watcher: Option<RecommendedWatcher>,
    /// Directories, and which they were: one that went and came again is another.
    watched: BTreeMap<PathBuf, Identity>,
    /// The watcher's thread reads it.
    interest: Arc<Mutex<Interest>>,
    poll: Duration,
}

impl Signals {
    /// Signals as `invocation` asks for.
    ///
    /// # Errors
    /// The system has no notifications.
    pub fn new(invocation: &Invocation) -> Result<Self, String> {
        let (sender, receiver) = channel();
        let interest = Arc::new(Mutex::new(Interest::default()));
        let watcher = match invocation.poll {
            Some(_) => None,
            None if invocation.once => None,
            None => Some(watcher(sender.clone(), interest.clone())?),
        };
        let poll = invocation.poll.unwrap_or(Duration::from_secs(3600));
        Ok(Self { sender, receiver, watcher, watched: BTreeMap::new(), interest, poll })
    }

    /// Where to send signals to.
    pub fn sender(&self) -> Sender<Signal> {
        self.sender.clone()
    }

    /// Watches the directories `places`, or what is there of the way to them, and the directories above for what happens to those on the
    /// way: who renames a directory tells only its parent. Nothing new costs a question to the system for each of them.
    ///
    /// # Errors
    /// The system refuses.
    pub fn watch(&mut self, places: impl Iterator<Item = PathBuf>) -> Result<(), String> {
        let Some(watcher) = &mut self.watcher else { return Ok(()) };
        let here = std::env::current_dir().unwrap_or_default();
        let wanted: BTreeSet<PathBuf> = places.map(|place| here.join(place)).collect();
        let near = |place: &PathBuf| place.ancestors().find(|place| place.is_dir()).map(Path::to_owned);
        let places: BTreeSet<PathBuf> = wanted.iter().filter_map(near).collect();
        let ways: BTreeSet<PathBuf> =
            wanted.iter().flat_map(|place| place.ancestors()).map(Path::to_owned).collect();
        let above = ways.iter().filter(|way| !places.contains(*way)).cloned();
        let all: Vec<(PathBuf, bool)> =
            places.iter().cloned().map(|place| (place, true)).chain(above.map(|way| (way, false))).collect();
        *self.interest.lock().unwrap_or_else(PoisonError::into_inner) = Interest { places, ways };
        for (place, is_place) in all {
            let Ok(facts) = place.metadata() else { continue };
            // Numbers are used again, so the time of birth counts, too.
            let identity = (facts.dev(), facts.ino(), facts.created().ok());
            let before = self.watched.get(&place);
            if before == Some(&identity) || !facts.is_dir() {
                continue;
            }
            if before.is_some() {
                // The system forgot it when it went.
                let _ = watcher.unwatch(&place);
            }
            match watcher.watch(&place, RecursiveMode::NonRecursive) {
                Ok(()) => self.watched.insert(place, identity),
                // It went meanwhile, which its parent tells; and above the places one may not be allowed to look.
                Err(_) if !is_place || !place.is_dir() => continue,
                Err(error) => return Err(refused(&place, &error)),
            };
        }
        Ok(())
    }

    /// Waits for the next signal.
    pub fn next(&self) -> Signal {
        match self.receiver.recv_timeout(self.poll) {
            Ok(signal) => signal,
            // This value holds a sender itself, so what ended is the time.
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Signal::Touched,
        }
    }

    /// Takes back that a check ended, if nobody saw it yet.
    pub fn forget_done(&self) {
        let mut is_touched = false;
        while let Ok(signal) = self.receiver.try_recv() {
            is_touched |= signal == Signal::Touched;
        }
        if is_touched {
            // This value holds the receiver.
            let _ = self.sender.send(Signal::Touched);
        }
    }

    /// Waits until something was touched, and then until it is quiet.
    pub fn wait(&self) {
        self.next();
        if self.watcher.is_none() {
            return;
        }
        let patience = Instant::now() + QUIET_MAX;
        while Instant::now() < patience && self.receiver.recv_timeout(QUIET).is_ok() {}
    }
}

fn watcher(sender: Sender<Signal>, interest: Arc<Mutex<Interest>>) -> Result<RecommendedWatcher, String> {
    let handler = move |event: notify::Result<Event>| {
        // Our own reading makes events, too; an error may mean that some were lost.
        let is_touched = event.map_or(true, |event| match event.kind {
            EventKind::Access(kind) if kind != AccessKind::Close(AccessMode::Write) => false,
            _ => interest.lock().unwrap_or_else(PoisonError::into_inner).in_paths(&event.paths),
        });
        if is_touched {
            // Nobody listens any more when the program ends.
            let _ = sender.send(Signal::Touched);
        }
    };
    notify::recommended_watcher(handler)
        .map_err(|error| format!("the system does not tell of changes ({error}); try --poll 500"))
}

fn refused(place: &Path, error: &notify::Error) -> String {
    format!("{}: cannot be watched ({error}); try --poll 500", place.display())
}

/// The directory that says when something at `path` appears, changes or goes.
pub fn parent(path: &[u8]) -> PathBuf {
    let path = Path::new(OsStr::from_bytes(path));
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}
