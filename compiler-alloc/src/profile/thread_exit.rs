//! How a heap learns that a thread ends: by a key of the threads library.
//!
//! Not by Rust's thread-local destructors, because to register one of those allocates. Keys are destroyed after those, in
//! rounds; ours lets one round pass, so that the destructors of other keys still find the heap.
//!
//! A library that is unloaded while threads that used its heap still run would leave the system with a key whose destructor
//! is no longer there, and the process with memory that nobody can give back. With the feature `loadable` the key therefore
//! keeps its library in the process: one that is loaded again finds its heap as it was.

use core::ffi::{c_char, c_int, c_void};
use core::sync::atomic::{AtomicUsize, Ordering};

/// What the system calls a key.
#[cfg(target_vendor = "apple")]
type Key = core::ffi::c_ulong;
#[cfg(not(target_vendor = "apple"))]
type Key = core::ffi::c_uint;

unsafe extern "C" {
    /// Makes a key; its destructor runs at the end of each thread that has a value for it. Does not allocate.
    fn pthread_key_create(key: *mut Key, destructor: Option<unsafe extern "C" fn(*mut c_void)>) -> c_int;
    /// Gives a key back.
    fn pthread_key_delete(key: Key) -> c_int;
    /// Sets the calling thread's value for a key. Allocates when the program has many keys.
    fn pthread_setspecific(key: Key, value: *const c_void) -> c_int;
    /// Says of an address which loaded file it lies in. Does not allocate.
    fn dladdr(address: *const c_void, answer: *mut LoadedFile) -> c_int;
    /// Loads a library, or changes how long a loaded one stays. May allocate.
    fn dlopen(file: *const c_char, mode: c_int) -> *mut c_void;
}

/// The answer of `dladdr`.
#[repr(C)]
struct LoadedFile {
    name: *const c_char,
    base: *mut c_void,
    symbol: *const c_char,
    symbol_address: *mut c_void,
}

/// Resolve everything, load nothing that is not loaded, never unload it: on Linux.
const KEEP_LOADED: c_int = 0x2 | 0x4 | 0x1000;

/// The value of the key in the round that passes, and in the round in which the heap ends.
const LATER: *const c_void = core::ptr::without_provenance(1);
const NOW: *const c_void = core::ptr::without_provenance(2);

/// What the system calls when a thread ends, with the thread's value for the key.
pub(super) type ThreadEnds = unsafe extern "C" fn(*mut c_void);

/// By what one profile hears of threads that end.
pub(super) struct ExitHook {
    /// The key plus one; 0 while there is none.
    key: AtomicUsize,
    thread_ends: ThreadEnds,
}

impl ExitHook {
    /// A hook without a key yet. `thread_ends` passes its argument on to [`is_the_end`](Self::is_the_end).
    pub(super) const fn new(thread_ends: ThreadEnds) -> Self {
        ExitHook { key: AtomicUsize::new(0), thread_ends }
    }

    /// Sees to it that the calling thread's heap ends with the thread. May allocate: the heap must be able to serve that.
    ///
    /// Answers `false` if the system has no key left: then nobody will say when the thread ends.
    pub(super) fn hook(&self) -> bool {
        let key = match self.key.load(Ordering::Acquire) {
            0 => self.make_key(),
            known => Some((known - 1) as Key),
        };
        match key {
            // SAFETY: needs a key that exists; it was made once and is never deleted.
            Some(key) => unsafe { pthread_setspecific(key, LATER) == 0 },
            None => false,
        }
    }

    /// Makes the key, unless another thread was faster.
    #[cold]
    fn make_key(&self) -> Option<Key> {
        let mut key: Key = 0;
        // SAFETY: needs a place for a key and a destructor that stays; both are ours.
        if unsafe { pthread_key_create(&raw mut key, Some(self.thread_ends)) } != 0 {
            return None;
        }
        match self.key.compare_exchange(0, key as usize + 1, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => {
                if cfg!(all(feature = "loadable", target_os = "linux")) {
                    self.keep_library();
                }
                Some(key)
            }
            Err(known) => {
                // SAFETY: needs a key that nobody uses; it was made above and not published.
                let _ = unsafe { pthread_key_delete(key) };
                Some((known - 1) as Key)
            }
        }
    }

    /// Makes the library of this code stay until the process ends. Of a program, which stays anyway, it changes nothing.
    fn keep_library(&self) {
        let nothing = core::ptr::null_mut::<c_void>();
        let mut file = LoadedFile {
            name: nothing.cast(),
            base: nothing,
            symbol: nothing.cast(),
            symbol_address: nothing,
        };
        // SAFETY: needs a place for the answer; any address may be asked for.
        if unsafe { dladdr(self.thread_ends as *const c_void, &raw mut file) } != 0 {
            // SAFETY: needs the name of a file, which the loader keeps as long as the file is loaded. If the loader has no
            // memory for it, the library must not be unloaded, as without the feature.
            let _ = unsafe { dlopen(file.name, KEEP_LOADED) };
        }
    }

    /// Whether the calling thread's heap ends now; if not, it is asked again after a round of other destructors.
    pub(super) fn is_the_end(&self, value: *mut c_void) -> bool {
        let known = self.key.load(Ordering::Acquire);
        // SAFETY: needs a key that exists; it was made once and is never deleted.
        let asked_again = || unsafe { pthread_setspecific((known - 1) as Key, NOW) } == 0;
        !(value.cast_const() == LATER && known != 0 && asked_again())
    }
}
