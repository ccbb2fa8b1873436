//! A library that programs load while they run: a plugin, or a module of an interpreter. Built with the feature `loadable`.
//!
//! `tests/loadable.rs` loads it, and unloads it while threads that used it still run.

use compiler_alloc::profile::hosted_small::HostedSmall;

#[global_allocator]
static HEAP: HostedSmall = HostedSmall;

/// Takes and frees `count` blocks; answers the sum of their bytes if each kept its contents, and 0 otherwise.
#[unsafe(no_mangle)]
pub extern "C" fn blocks(count: usize) -> usize {
    let blocks: Vec<Vec<u8>> = (0..count).map(|at| vec![at as u8; at % 3000]).collect();
    let whole = blocks.iter().enumerate().all(|(at, block)| block.iter().all(|&byte| byte == at as u8));
    if whole { blocks.iter().map(Vec::len).sum() } else { 0 }
}

/// Whether the library's blocks come from its own heap, and the heap is whole. Other threads are at rest meanwhile.
#[unsafe(no_mangle)]
pub extern "C" fn is_whole() -> bool {
    let block = Box::new([7_u64; 8]);
    let ours = compiler_alloc::profile::hosted_small::usable_bytes(std::ptr::from_ref(&*block).cast()) >= 64;
    ours && compiler_alloc::profile::hosted_small::check().is_ok()
}
