//! Corpora, workloads, instruction stepper and evidence writer for compiler-alloc.
fn main() {}
