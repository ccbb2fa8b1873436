"""Sanitizer smoke: the profiles' programs under AddressSanitizer with its leak check, two threaded ones under ThreadSanitizer.

The compiler's sanitizers are unstable, so `RUSTC_BOOTSTRAP` opens them. Where the toolchain cannot link them the check says so in a
sentence and is skipped. Where it can, a program with a planted defect must be caught first: a sanitizer that finds nothing there would
find nothing elsewhere. `make sanitize` runs the library's whole test suite under them.
"""

import os
import tempfile

from . import codes
from .command import Ran, run, target
from .finding import Finding, Outcome
from .programs import ARTIFACTS, PROFILES, Builds, host

# Their only synchronisation is the library's: the standard library is not instrumented, so channels and locks would be reported.
THREADED = ("tsan_heap", "tsan_handoff")
SECONDS = 300
# Without link-time optimisation, which takes long under sanitizers and finds nothing more.
FAST = {"CARGO_PROFILE_RELEASE_LTO": "off", "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "16", "RUSTC_BOOTSTRAP": "1"}
ADDRESS = "-Zsanitizer=address --cfg sanitize_address"
THREAD = "-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer"
SOUND = "fn main() {}\n"
# What each sanitizer must catch, and what it calls itself then.
PLANTED = {
    "address": ("""use std::hint::black_box;
fn main() {
    let block = Box::into_raw(Box::new(black_box(7_u32)));
    drop(unsafe { Box::from_raw(block) });
    black_box(unsafe { block.read() });
}
""", "AddressSanitizer: heap-use-after-free"),
    "thread": ("""use std::cell::UnsafeCell;
struct Shared(UnsafeCell<u32>);
unsafe impl Sync for Shared {}
static COUNT: Shared = Shared(UnsafeCell::new(0));
fn count() {
    for _ in 0..10_000 {
        unsafe { *COUNT.0.get() += 1 };
    }
}
fn main() {
    let other = std::thread::spawn(count);
    count();
    other.join().unwrap();
}
""", "ThreadSanitizer: data race"),
}


def check(root: str, builds: Builds) -> Outcome:
    found, skipped, runs = [], [], 0
    own = [artifact.file for artifact in ARTIFACTS if artifact.package == PROFILES and artifact.is_program]
    for name, flags, programs in (("address", ADDRESS, own), ("thread", THREAD, THREADED)):
        probe = compiled_and_run(root, flags, SOUND)
        if not probe.is_good:
            skipped.append(f"the {name} sanitizer was not run: this toolchain cannot link it ({reason(probe)})")
            continue
        source, report = PLANTED[name]
        probe = compiled_and_run(root, flags, source)
        if probe.is_good or report not in probe.err:
            found.append(Finding(codes.SANITIZER, f"the {name} sanitizer", "did not report a planted defect, so it would report no other",
                                 f"compile and run the program of tools/control/sanitizers.py by hand with `{flags}`"))
            continue
        for program in programs:
            arguments = ("--release", "--target", host(), "--bin", program, "--features", "test-fixture")
            ran, path = builds.build(PROFILES, arguments, program, f"control-{name}", {**FAST, "RUSTFLAGS": flags})
            if ran.is_good and path:
                ran = run([path], root, None, SECONDS)
                runs += 1
            if not ran.is_good or not path:
                found.append(ran.finding(codes.SANITIZER))
    return Outcome(f"{runs} programs, no finding" if not found else f"{runs} programs", found, skipped)


def compiled_and_run(root: str, flags: str, source: str) -> Ran:
    """How a program of one file ended under a sanitizer, or how its compilation did if that failed."""
    os.makedirs(target(root), exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target(root)) as folder:
        path, program = os.path.join(folder, "probe.rs"), os.path.join(folder, "probe")
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(source)
        built = run([os.environ.get("RUSTC", "rustc"), "--edition", "2024", *flags.split(), "-o", program, path], root, {"RUSTC_BOOTSTRAP": "1"}, SECONDS)
        return run([program], root, None, SECONDS) if built.is_good else built


def reason(ran: Ran) -> str:
    """The first line in which the compiler says what is wrong."""
    lines = [line.strip() for line in ran.err.split("\n") if line.strip()]
    return next((line for line in lines if "error" in line.lower()), lines[0] if lines else f"exit code {ran.code}")[:200]
