//! The examples run: each is a module of this program, and its `main` a test.
//!
//! `hosted_small` and `hosted_server` replace the process's allocator and look at all of it, so they are programs of their own in
//! `examples`; the heap as global allocator is tested in `tests/global_allocator`.

#[path = "../examples/parse_in_parallel.rs"]
mod parse_in_parallel;
#[path = "../examples/rayon_pool.rs"]
mod rayon_pool;
#[path = "../examples/sealed_tree.rs"]
mod sealed_tree;
#[path = "../examples/test_fixture.rs"]
mod test_fixture;
#[path = "../examples/typed_arena.rs"]
mod typed_arena;

#[test]
fn a_pass_pipeline_in_a_session() {
    parse_in_parallel::main();
}

#[test]
fn workers_of_rayon_in_a_pool() {
    rayon_pool::main();
}

#[test]
fn sealed_trees_in_a_cache_of_arcs() {
    sealed_tree::main();
}

#[test]
fn own_out_of_memory_paths() {
    test_fixture::main();
}

#[test]
fn a_graph_with_destructors_in_a_typed_arena() {
    typed_arena::main();
}
