//! Programs that must not compile, and their accepted twins, which show that it is the misuse that is refused.
//!
//! `TRYBUILD=overwrite cargo test -p compiler-alloc --test ui` rewrites the expected messages; read the difference.
//!
//! Messages name what the user wrote. Where one also names a type of ours that no user sees, the compiler leaves no choice:
//! it shows the constant in which a refusal at code generation stands (`NoDrop::CHECK`), and the trait bound that was not met
//! (`OneUser<..>: ManyUsers`, `OneWorker<..>: ManyWorkers`); their text is the first line, and the line of the program that is at
//! fault stands below it. What the compiler says about lifetimes no crate can word; there the types and functions that it names are ours.

#[test]
fn misuse_does_not_compile_and_its_twins_do() {
    let cases = trybuild::TestCases::new();
    // With a program that must run, trybuild builds instead of checking, which the refusals made at code generation need.
    cases.pass("tests/ui/accepted/*.rs");
    cases.compile_fail("tests/ui/refused/*.rs");
}
