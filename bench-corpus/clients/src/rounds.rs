//! The rounds of a client, and what it says about them: lines of a name, a tab and a number.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::digest::Digest;
use crate::usage::{Resident, Usage};

/// A compiler and its input.
pub trait Client: Sized {
    /// Gets ready: reads what the compiler takes from memory.
    ///
    /// # Errors
    /// Why the input is not there.
    fn new(input: PathBuf) -> Result<Self, String>;

    /// Compiles the whole input once and drops everything that came of it. With a digest, what came of it goes there first.
    ///
    /// # Errors
    /// What the compiler said against the input.
    fn compile(&mut self, digest: Option<&mut Digest>) -> Result<(), String>;
}

/// A client as a program, which takes the number of rounds and the folder of its input.
///
/// Rounds are measured one by one, then resident memory, then the same after idle memory of our arenas was given back on request; one more
/// round makes the digest.
pub fn main<C: Client>() -> ExitCode {
    match run::<C>() {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

fn run<C: Client>() -> Result<(), String> {
    let mut arguments = std::env::args_os().skip(1);
    let usage = "two arguments: the number of rounds and the folder of the input";
    let rounds = arguments.next().and_then(|rounds| rounds.to_str()?.parse().ok()).ok_or(usage)?;
    let input = PathBuf::from(arguments.next().ok_or(usage)?);
    let input = input.canonicalize().map_err(|error| format!("{}: {error}", input.display()))?;
    let mut client = C::new(input)?;
    let mut measured = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let before = Usage::now();
        client.compile(None)?;
        let after = Usage::now();
        measured.push((after.faults - before.faults, after.cpu_us - before.cpu_us));
    }
    let resident = Resident::now();
    let arenas = compiler_alloc::profile::compiler_internal::stats();
    // What a program calls that begins to wait. With the registry's arenas this backend has nothing to give back.
    compiler_alloc::profile::compiler_internal::trim(0);
    let trimmed = Resident::now();
    let mut digest = Digest::default();
    client.compile(Some(&mut digest))?;
    let (outputs, digest) = digest.finish();
    for (round, (faults, cpu_us)) in measured.iter().enumerate() {
        println!("round-{}-faults\t{faults}\nround-{}-cpu-us\t{cpu_us}", round + 1, round + 1);
    }
    println!(
        "peak-bytes\t{}\nidle-bytes\t{}\ntrimmed-bytes\t{}\nfile-bytes\t{}",
        resident.peak, resident.now, trimmed.now, resident.of_files
    );
    // Of our arenas: what idles although nothing lives, and the most that lived at once in the last rounds. Zero with the registry's.
    println!("arena-idle-bytes\t{}\narena-peak-bytes\t{}", arenas.idle_bytes(), arenas.arena_peak_bytes);
    println!("outputs\t{outputs}\ndigest\t{digest}");
    Ok(())
}
