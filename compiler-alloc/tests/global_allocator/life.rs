//! From before `main` to after it, and from a thread's first instruction to its last.

use crate::own_process::is_own_process;
use crate::profile;
use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::{c_int, c_uint, c_void};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};

static BEFORE_MAIN: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Runs before `main`.
#[used]
#[cfg_attr(target_os = "linux", unsafe(link_section = ".init_array"))]
static COME: extern "C" fn() = {
    extern "C" fn come() {
        let words = (0..500).map(|word| "before ".repeat(word % 40)).collect();
        if let Ok(mut kept) = BEFORE_MAIN.lock() {
            *kept = words;
        }
    }
    come
};

unsafe extern "C" {
    /// Registers a function for the end of the process.
    fn atexit(function: extern "C" fn()) -> c_int;
    /// Makes a key with a destructor.
    fn pthread_key_create(key: *mut c_uint, destructor: Option<unsafe extern "C" fn(*mut c_void)>) -> c_int;
    /// Sets the calling thread's value.
    fn pthread_setspecific(key: c_uint, value: *const c_void) -> c_int;
    /// Copies the process.
    fn fork() -> c_int;
    /// Waits for a child.
    fn waitpid(child: c_int, status: *mut c_int, options: c_int) -> c_int;
    /// Ends the process without `atexit`.
    fn _exit(status: c_int) -> !;
}

#[test]
#[cfg(target_os = "linux")]
fn what_was_allocated_before_main_is_whole_and_can_be_freed() {
    let words = std::mem::take(&mut *BEFORE_MAIN.lock().unwrap());
    assert_eq!(words.len(), 500);
    for (word, text) in words.iter().enumerate() {
        assert_eq!(*text, "before ".repeat(word % 40));
        assert!(text.is_empty() || profile::usable_bytes(text.as_ptr()) >= text.len());
    }
}

/// Allocates, frees and fills another thread-local value while the thread ends.
struct Ending {
    held: Vec<String>,
}

static ENDED: AtomicUsize = AtomicUsize::new(0);

impl Drop for Ending {
    fn drop(&mut self) {
        let more: Vec<String> = (0..200).map(|at| "x".repeat(at * 7 % 900)).collect();
        self.held.extend(more);
        self.held.truncate(3);
        let _ = LAST.try_with(|last| last.borrow_mut().insert(1, vec![1_u8; 50_000]));
        ENDED.fetch_add(1, Ordering::Relaxed);
    }
}

std::thread_local! {
    static FIRST: RefCell<Option<Ending>> = const { RefCell::new(None) };
    static LAST: RefCell<HashMap<usize, Vec<u8>>> = RefCell::new(HashMap::new());
}

/// A value of a key whose destructor allocates in every round that the system grants.
unsafe extern "C" fn key_destructor(value: *mut c_void) {
    // SAFETY: made by `Box::into_raw` below, once.
    let round = *unsafe { Box::from_raw(value.cast::<(c_uint, usize)>()) };
    let text = "late ".repeat(round.1 * 300);
    assert_eq!(text.len(), round.1 * 1500);
    let again = Box::into_raw(Box::new((round.0, round.1 + 1)));
    // SAFETY: the key was made by `keys_and_threads`.
    let failed = unsafe { pthread_setspecific(round.0, again.cast()) } != 0;
    if failed || round.1 >= 3 {
        // SAFETY: made above; no destructor takes it, because the value is withdrawn.
        drop(unsafe { Box::from_raw(again) });
        // SAFETY: as above.
        let _ = unsafe { pthread_setspecific(round.0, std::ptr::null()) };
    }
}

#[test]
fn destructors_of_threads_may_allocate_in_every_round() {
    let mut key = 0;
    // SAFETY: a place for a key, and a function that stays.
    assert_eq!(unsafe { pthread_key_create(&raw mut key, Some(key_destructor)) }, 0);
    for _ in 0..20 {
        let threads: Vec<_> = (0..4)
            .map(|seed| {
                std::thread::spawn(move || {
                    LAST.with(|last| last.borrow_mut().insert(seed, vec![2; seed * 1000]));
                    FIRST.with(|first| {
                        *first.borrow_mut() = Some(Ending { held: vec!["y".repeat(seed); 40] })
                    });
                    let value = Box::into_raw(Box::new((key, 1_usize)));
                    // SAFETY: the key was made above.
                    assert_eq!(unsafe { pthread_setspecific(key, value.cast()) }, 0);
                    vec![seed; 10_000]
                })
            })
            .collect();
        for (seed, thread) in threads.into_iter().enumerate() {
            assert_eq!(thread.join().unwrap(), vec![seed; 10_000]);
        }
    }
    assert_eq!(ENDED.load(Ordering::Relaxed), 80);
}

#[test]
fn blocks_travel_between_threads_that_come_and_go() {
    let (send, receive) = mpsc::channel::<Vec<Vec<u8>>>();
    let freeing = std::thread::spawn(move || {
        receive
            .into_iter()
            .flatten()
            .map(|block| usize::from(block[0] == block[block.len() - 1]))
            .sum::<usize>()
    });
    for seed in 0..50_usize {
        let send = send.clone();
        std::thread::spawn(move || {
            let blocks = (0..200_usize).map(|at| vec![(at ^ seed) as u8; at * seed % 3000 + 1]).collect();
            send.send(blocks).unwrap();
        })
        .join()
        .unwrap();
    }
    drop(send);
    assert_eq!(freeing.join().unwrap(), 50 * 200);
}

#[test]
fn a_child_allocates_while_the_parents_threads_do() {
    let stop = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for seed in 0..3 {
            let stop = &stop;
            scope.spawn(move || {
                let mut kept: Vec<Vec<u8>> = Vec::new();
                while stop.load(Ordering::Relaxed) == 0 {
                    kept.push(vec![seed; 100 + kept.len() * 31 % 5000]);
                    if kept.len() > 100 {
                        kept.clear();
                    }
                }
            });
        }
        for _ in 0..30 {
            let inherited = vec![5_u8; 3000];
            // SAFETY: the child only allocates, makes threads, and ends without destructors.
            let child = unsafe { fork() };
            if child == 0 {
                drop(inherited);
                let threads: Vec<_> =
                    (0..2).map(|_| std::thread::spawn(|| vec![1_u64; 5000].iter().sum::<u64>())).collect();
                let sum: u64 = threads.into_iter().map(|thread| thread.join().unwrap_or(0)).sum();
                let text = "child ".repeat(1000);
                // SAFETY: ends the child.
                unsafe { _exit(c_int::from(sum != 10_000 || text.len() != 6000)) };
            }
            let mut status = -1;
            // SAFETY: a place for the status.
            assert_eq!(unsafe { waitpid(child, &raw mut status, 0) }, child);
            assert_eq!(status, 0);
        }
        stop.store(1, Ordering::Relaxed);
    });
}

#[test]
fn a_shutdown_leaves_what_lives_and_the_heap_serves_on() {
    // Beside other tests, one of them may have memory in the reservation that should go back.
    if !is_own_process("life::a_shutdown_leaves_what_lives_and_the_heap_serves_on") {
        return;
    }
    let kept: Vec<String> = (0..2000).map(|word| format!("kept {word}")).collect();
    drop(vec![1_u8; 200 << 20]);
    let report = profile::shutdown();
    assert!(report.released_bytes >= 100 << 20, "{report:?}");
    assert!(report.live_bytes >= 2000 * 16 && report.leak().is_some(), "{report:?}");
    assert!(kept.iter().enumerate().all(|(word, text)| *text == format!("kept {word}")));
    let more: Vec<String> = kept.iter().map(|text| text.repeat(3)).collect();
    assert_eq!(more[1999], "kept 1999kept 1999kept 1999");
    drop((kept, more));
}

const AFTER_MAIN: &str = "COMPILER_ALLOC_AFTER_MAIN";

#[test]
fn after_main_the_heap_still_serves() {
    extern "C" fn at_exit() {
        let text = "after main ".repeat(100);
        drop(LAST.try_with(|last| last.borrow_mut().insert(9, vec![9; 100_000])));
        // Only this thread is left, so every structure must hold.
        eprintln!("{} bytes at exit, {:?}", text.len(), profile::check());
    }
    if std::env::var_os(AFTER_MAIN).is_some() {
        // SAFETY: a function that stays.
        assert_eq!(unsafe { atexit(at_exit) }, 0);
        return;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["life::after_main_the_heap_still_serves", "--exact"])
        .env(AFTER_MAIN, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.contains("1100 bytes at exit, Ok(())"),
        "{}: {said}",
        output.status
    );
}
