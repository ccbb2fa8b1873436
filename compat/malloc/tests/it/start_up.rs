//! What the library costs every program that starts.

use crate::library::{compiled, shared};
use crate::under::{plain, preloaded, run, text};
use std::process::Command;

/// Runs of each kind; the cheapest counts, because what else the machine does only adds.
const RUNS: usize = 7;
/// More page faults and more kilobytes of its own than without the library, for a program that allocates nothing. Pages that it
/// shares with files are counted as faults only: how many the kernel maps around a fault varies.
const EMPTY: (u64, u64) = (10, 24);
/// The same for a program that allocates once: then there are a heap and the records of 4 MiB of address space.
const ALLOCATES: (u64, u64) = (36, 88);

/// What the program says about itself: kilobytes of its own, page faults.
fn cost(command: impl Fn() -> Command) -> (u64, u64) {
    let measured: Vec<(u64, u64)> = (0..RUNS)
        .map(|_| {
            let said = text(&run(command()));
            let numbers: Vec<u64> = said.split_whitespace().filter_map(|word| word.parse().ok()).collect();
            // The first number is the exit status.
            assert_eq!((numbers.len(), numbers[0]), (3, 0), "{said}");
            (numbers[1], numbers[2])
        })
        .collect();
    let kilobytes = measured.iter().map(|cost| cost.0).min().unwrap_or(0);
    (kilobytes, measured.iter().map(|cost| cost.1).min().unwrap_or(0))
}

#[test]
fn a_program_that_starts_pays_for_few_more_pages() {
    let folder = tempfile::tempdir().unwrap();
    let program = compiled(folder.path(), "starts.c", &[]);
    for (arguments, faults_max, kb_max) in
        [(&[][..], EMPTY.0, EMPTY.1), (&["allocate"], ALLOCATES.0, ALLOCATES.1)]
    {
        let command = || {
            let mut command = Command::new(&program);
            command.args(arguments);
            command
        };
        let (plain_kb, plain_faults) = cost(|| plain(command()));
        let (kb, faults) = cost(|| preloaded(command()));
        println!(
            "{arguments:?}: {plain_kb} KB and {plain_faults} faults without the library; {kb} KB and {faults} with it"
        );
        assert!(
            faults <= plain_faults + faults_max,
            "{arguments:?}: {faults} faults, {plain_faults} without the library"
        );
        assert!(kb <= plain_kb + kb_max, "{arguments:?}: {kb} KB, {plain_kb} without the library");
    }
}

#[test]
fn only_the_c_library_is_needed_and_thread_locals_take_no_call() {
    let listing = |program: &str, flags: &[&str]| {
        crate::outside_tool::need("gcc");
        let output = Command::new(program).args(flags).arg(shared()).output().unwrap();
        assert!(output.status.success(), "{program}");
        String::from_utf8(output.stdout).unwrap()
    };
    let needed = listing("readelf", &["--dynamic", "--wide"]);
    let libraries: Vec<&str> = needed.lines().filter(|line| line.contains("(NEEDED)")).collect();
    assert!(libraries.len() == 1 && libraries[0].contains("libc.so"), "{libraries:?}");
    assert!(needed.contains("STATIC_TLS") && needed.contains("NODELETE"), "{needed}");
    let asked = listing("nm", &["--dynamic", "--undefined-only"]);
    // `dlsym` is called when the program loads a library, and may be absent.
    assert!(!asked.contains("__tls_get_addr") && !asked.contains("U dlsym"), "{asked}");
}
