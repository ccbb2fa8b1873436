//! One experiment a rule of the page backend as `freestanding` uses it: its page backend is the storage.

use std::alloc::Layout;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use bench_measured::rng::Rng;
use compiler_alloc::profile::freestanding::{Freestanding, STORAGE_BYTES_MIN};

use crate::stress::layout;

/// Bytes of the storage that is filled.
const STORAGE_BYTES: usize = 16 << 20;
/// Where storage begins, so that the same calls give the same answers.
const STORAGE_ALIGN: usize = 4 << 10;
/// The seed of the sizes.
const SEED: u64 = 7;

/// The measured value of `rule`, in the unit that the declaration names.
///
/// # Errors
/// When nothing measures it, or its experiment fails.
pub fn measure(rule: &str) -> Result<usize, String> {
    match rule {
        "exhaustion.refused-bytes-held" => with_storage(STORAGE_BYTES, refused_bytes_held),
        "exhaustion.usable-percent-mixed" => with_storage(STORAGE_BYTES, |heap| usable_percent(heap, 2_000)),
        "exhaustion.usable-percent-small" => with_storage(STORAGE_BYTES, |heap| usable_percent(heap, 200)),
        "geometry.granule-bytes" => with_storage(64 << 10, granule),
        "geometry.storage-bytes-min" => Ok(STORAGE_BYTES_MIN),
        "release-cleanup.leak-bytes-after-shutdown" => with_storage(STORAGE_BYTES, |heap| {
            usable_percent(heap, 2_000)?;
            heap.reclaim();
            Ok(heap.capacity_bytes() - heap.free_bytes())
        }),
        "span-allocation.largest-block-percent" => with_storage(STORAGE_BYTES, largest_block_percent),
        _ => Err(format!("nothing measures the rule {rule} of freestanding")),
    }
}

fn with_storage(
    bytes: usize,
    work: impl FnOnce(&Freestanding<'_>) -> Result<usize, String>,
) -> Result<usize, String> {
    let mut room = vec![MaybeUninit::<u8>::uninit(); bytes + STORAGE_ALIGN];
    let skipped = room.as_ptr().align_offset(STORAGE_ALIGN);
    let heap = Freestanding::new(&mut room[skipped..skipped + bytes]).map_err(|fault| fault.to_string())?;
    let value = work(&heap)?;
    heap.check().map_err(|error| format!("the validator: {error:?}"))?;
    Ok(value)
}

/// How far two blocks of one byte lie apart.
fn granule(heap: &Freestanding<'_>) -> Result<usize, String> {
    let [one, other] = [heap.allocate(Layout::new::<u8>()), heap.allocate(Layout::new::<u8>())]
        .map(|block| block.map(NonNull::addr));
    match (one, other) {
        (Ok(one), Ok(other)) => Ok(one.get().abs_diff(other.get())),
        _ => Err("no memory for two bytes".into()),
    }
}

/// Share of the storage that blocks of up to `bytes_max` bytes have together when the first one is refused; then all are given back.
fn usable_percent(heap: &Freestanding<'_>, bytes_max: usize) -> Result<usize, String> {
    let mut rng = Rng::new(SEED);
    let (mut kept, mut filled) = (Vec::new(), 0);
    loop {
        let layout = layout(rng.between(1, bytes_max));
        let Ok(block) = heap.allocate(layout) else { break };
        filled += layout.size();
        kept.push((block, layout));
    }
    for (block, layout) in kept {
        // SAFETY: must be a live block of this layout that nobody uses again. It was allocated above and leaves the list.
        unsafe { heap.deallocate(block, layout) };
    }
    Ok(filled * 100 / STORAGE_BYTES)
}

/// What a refused request takes.
fn refused_bytes_held(heap: &Freestanding<'_>) -> Result<usize, String> {
    let free = heap.free_bytes();
    match heap.allocate(layout(STORAGE_BYTES)) {
        Ok(_) => Err("more was served than there is".into()),
        Err(_) => Ok(free - heap.free_bytes()),
    }
}

/// The largest block of an empty heap, to the next 64 KiB, in percent of its storage.
fn largest_block_percent(heap: &Freestanding<'_>) -> Result<usize, String> {
    for bytes in (1..=heap.capacity_bytes() >> 16).rev().map(|units| units << 16) {
        if let Ok(block) = heap.allocate(layout(bytes)) {
            // SAFETY: must be a live block of this layout that nobody uses again. It was allocated above.
            unsafe { heap.deallocate(block, layout(bytes)) };
            return Ok(bytes * 100 / STORAGE_BYTES);
        }
    }
    Err("no block of 64 KiB in an empty heap".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn storage_is_used_almost_whole_and_comes_back_whole() {
        for (rule, least) in [
            ("exhaustion.usable-percent-small", 85),
            ("exhaustion.usable-percent-mixed", 95),
            ("span-allocation.largest-block-percent", 95),
        ] {
            let percent = measure(rule).expect("the experiment runs");
            assert!(percent >= least, "{rule}: {percent}");
        }
        assert_eq!(measure("release-cleanup.leak-bytes-after-shutdown"), Ok(0));
        assert_eq!(measure("exhaustion.refused-bytes-held"), Ok(0));
        assert!(measure("no-such-rule").is_err());
    }

    #[test]
    fn no_source_of_freestanding_names_a_remote_free() {
        let library = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../compiler-alloc/src");
        let mut files = vec![library.join("profile/freestanding.rs")];
        for folder in ["region", "fixed_heap"] {
            let entries = std::fs::read_dir(library.join(folder)).expect("the sources are there");
            files.extend(entries.map(|entry| entry.expect("they can be listed").path()));
        }
        assert!(files.len() > 5, "only {files:?}");
        for file in files {
            let text = std::fs::read_to_string(&file).expect("sources are text");
            let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
            for line in code {
                for word in ["remote", "Atomic", "atomic", "sync::", "std::"] {
                    assert!(!line.contains(word), "{}: {line}", file.display());
                }
            }
        }
    }
}
