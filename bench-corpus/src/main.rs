//! Corpora, workloads, instruction stepper and evidence writer for `compiler-alloc`.
//!
//! Every subcommand is a module of its own with `Args` (its flags) and `run` (its work). This file only names them.

mod arena_bench;
mod cli;
mod clients;
mod conformance;
mod corpus;
mod doctor;
mod evidence;
mod fetch;
mod fixed_bench;
mod frontend_bench;
mod heap_bench;
mod instructions;
mod measure;
mod realtime;
mod report;
mod step;
mod stress;
mod tokens;
mod verdict;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Measures compiler-alloc on real C code, steps its fast paths and writes the evidence the gate judges.
#[derive(Parser)]
#[command(name = "bench-corpus", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// One subcommand a variant; the order is the order in which a newcomer needs them.
#[derive(Subcommand)]
enum Command {
    /// List the tools the commands use: present or missing, and the package that brings each
    Doctor(doctor::Args),
    /// Fetch the pinned C sources of a corpus set into cargo's home
    Fetch(fetch::Args),
    /// Run the passes over a corpus set, or compare two memories on it
    Corpus(corpus::Args),
    /// Compare the preprocessor with gcc's, token by token, over a corpus set
    Tokens(tokens::Args),
    /// Ask the frontend what third-party C tests and changed units of the corpus ask
    Conformance(conformance::Args),
    /// Step fast paths instruction by instruction and count them
    Step(step::Args),
    /// Step single operations of profile realtime, a random program and directed worst cases
    Realtime(realtime::Args),
    /// Measure arenas beside their peers
    Arena(arena_bench::Args),
    /// Measure the general heap beside its peers, a program under each allocator
    Heap(heap_bench::Args),
    /// Run compilers that others wrote with our arenas in place of theirs
    Clients(clients::Args),
    /// Measure the C frontend beside clang, gcc and tcc, and hold its layouts against gcc's
    Frontend(frontend_bench::Args),
    /// Measure heaps in fixed storage beside their peers
    Freestanding(fixed_bench::Args),
    /// Run the seeded stress cases, positive and negative
    Stress(stress::Args),
    /// Write a fresh set of evidence files
    Evidence(evidence::Args),
    /// Charts and a page from the evidence
    Report(report::Args),
}

fn main() -> ExitCode {
    end_with_the_pipe();
    match Cli::parse().command {
        Command::Doctor(args) => doctor::run(&args),
        Command::Fetch(args) => fetch::run(&args),
        Command::Corpus(args) => corpus::run(&args),
        Command::Tokens(args) => tokens::run(&args),
        Command::Conformance(args) => conformance::run(&args),
        Command::Step(args) => step::run(&args),
        Command::Realtime(args) => realtime::run(&args),
        Command::Arena(args) => arena_bench::run(&args),
        Command::Heap(args) => heap_bench::run(&args),
        Command::Clients(args) => clients::run(&args),
        Command::Frontend(args) => frontend_bench::run(&args),
        Command::Freestanding(args) => fixed_bench::run(&args),
        Command::Stress(args) => stress::run(&args),
        Command::Evidence(args) => evidence::run(&args),
        Command::Report(args) => report::run(&args),
    }
}

/// Lets `bench-corpus ... | head` end quietly: Rust programs start with SIGPIPE ignored and would panic in `print!`.
fn end_with_the_pipe() {
    // SAFETY: must name a signal and a disposition. No other thread runs yet, and the default disposition runs no code of ours.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn every_flag_of_every_subcommand_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
