//! A library with the heap as its global allocator, loaded by a running program: `examples/loaded_library.rs`, which is built
//! before (`cargo build --package compiler-alloc --features loadable --example loaded_library`).

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::sync::Barrier;

const RTLD_NOW: c_int = 2;

unsafe extern "C" {
    fn dlopen(file: *const c_char, mode: c_int) -> *mut c_void;
    fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;
    fn dlclose(library: *mut c_void) -> c_int;
    fn dlerror() -> *const c_char;
    safe fn fork() -> c_int;
    #[link_name = "_exit"]
    safe fn exit_at_once(code: c_int) -> !;
    fn waitpid(child: c_int, status: *mut c_int, options: c_int) -> c_int;
}

struct Library {
    handle: *mut c_void,
    blocks: extern "C" fn(usize) -> usize,
    is_whole: extern "C" fn() -> bool,
}

fn library_file() -> std::path::PathBuf {
    // Beside the folder of test programs.
    let here = std::env::current_exe().unwrap();
    let file = here.parent().unwrap().with_file_name("examples").join("libloaded_library.so");
    assert!(file.exists(), "build the example loaded_library with the feature loadable first");
    file
}

fn load() -> Library {
    let file = CString::new(library_file().as_os_str().as_bytes()).unwrap();
    // SAFETY: needs a text that ends with a zero; the library has no constructor.
    let handle = unsafe { dlopen(file.as_ptr(), RTLD_NOW) };
    if handle.is_null() {
        // SAFETY: needs nothing; after a failure it answers a text.
        let why = unsafe { dlerror() };
        // SAFETY: needs a text that ends with a zero; the loader's does.
        panic!("{}", unsafe { CStr::from_ptr(why) }.to_string_lossy());
    }
    let symbol = |name: &CStr| {
        // SAFETY: needs a library that is loaded; it was loaded above.
        let address = unsafe { dlsym(handle, name.as_ptr()) };
        assert!(!address.is_null(), "{name:?}");
        address
    };
    // SAFETY: needs a function of this type; the example declares it so.
    let blocks =
        unsafe { std::mem::transmute::<*mut c_void, extern "C" fn(usize) -> usize>(symbol(c"blocks")) };
    // SAFETY: needs a function of this type; the example declares it so.
    let is_whole =
        unsafe { std::mem::transmute::<*mut c_void, extern "C" fn() -> bool>(symbol(c"is_whole")) };
    Library { handle, blocks, is_whole }
}

fn unload(library: Library) {
    // SAFETY: needs a library that is loaded and whose code nobody calls again; its functions went with the argument.
    assert_eq!(unsafe { dlclose(library.handle) }, 0);
}

fn resident_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Loads the library, uses it in three threads, and unloads it before they end.
fn load_use_and_unload() {
    let library = load();
    let (blocks, is_whole) = (library.blocks, library.is_whole);
    let (used, unloaded) = (Barrier::new(4), Barrier::new(4));
    let whole = std::thread::scope(|scope| {
        let threads = [0; 3].map(|_| {
            scope.spawn(|| {
                let whole = blocks(COUNT) == (0..COUNT).map(|at| at % 3000).sum();
                used.wait();
                unloaded.wait();
                whole
            })
        });
        used.wait();
        let heap_is_whole = is_whole();
        unload(library);
        unloaded.wait();
        heap_is_whole && threads.into_iter().all(|thread| thread.join().unwrap())
    });
    assert!(whole);
}

/// Blocks that a thread takes: 7 MB.
const COUNT: usize = 5000;

#[test]
fn threads_end_after_a_library_that_they_used_was_unloaded_and_its_heap_serves_again() {
    load_use_and_unload();
    load_use_and_unload();
    let before = resident_kib();
    for _ in 0..20 {
        load_use_and_unload();
    }
    // A heap that was left behind would be 20 megabytes a round.
    let after = resident_kib();
    assert!(after < before + 40_000, "{before} KiB after two rounds, {after} after twenty more");
    // Handlers around `fork` that the library registered are there to be called.
    let child = fork();
    if child == 0 {
        exit_at_once(7);
    }
    let mut status = 0;
    // SAFETY: needs a place for the status; the variable is one.
    assert_eq!(unsafe { waitpid(child, &raw mut status, 0) }, child);
    assert_eq!(status, 7 << 8, "how the child ended");
}
