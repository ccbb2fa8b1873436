//! All blocks of a heap: those of the quotas, and a region for layouts that no quota serves.
//!
//! Which of the two has a block follows from its layout alone, when it is handed out as when it comes back.

use super::mix::Mix;
use super::quota_blocks::QuotaBlocks;
use super::report::Live;
use crate::fault::{FactName, Fault, FaultCode};
use crate::region::{GRANULE_BYTES, Region, RegionError, heads_bytes};
use crate::span::CheckError;
use core::alloc::Layout;
use core::num::NonZeroUsize;
use core::ptr::NonNull;

/// The largest capacity of a heap's region.
pub const CAPACITY_BYTES_MAX: usize = 2 << 30;

/// The blocks of a heap. The owner's alone.
#[repr(C)]
pub(super) struct Blocks {
    /// No quota has blocks of so many bytes, so that what is as large need not be looked up. It lies beside the fields of the
    /// region, because a request that is as large goes there.
    quotas_end: NonZeroUsize,
    /// Blocks of the region that are handed out.
    region_live: usize,
    region: Region,
    quotas: QuotaBlocks,
}

/// Bytes of memory for a region in which `capacity_bytes` can be handed out: beside the heads of its lists its records take a 128th,
/// and as much again is enough for what is rounded at both ends.
pub(super) const fn region_bytes(capacity_bytes: usize) -> usize {
    if capacity_bytes == 0 {
        return 0;
    }
    capacity_bytes + capacity_bytes / 64 + heads_bytes(2 * capacity_bytes) + 256
}

impl Blocks {
    /// Cuts the quotas' blocks from `quotas` on, and makes a region of the `region_bytes` from `region` on.
    ///
    /// # Safety
    /// - As [`QuotaBlocks::cut`] for `mix` and `quotas`.
    /// - There are so many bytes of writable memory at `region`, which nobody else uses while the value or a block of it is used.
    pub(super) unsafe fn cut(
        mix: &Mix,
        quotas: NonNull<u8>,
        region: NonNull<u8>,
        region_bytes: usize,
    ) -> Self {
        // SAFETY: the caller keeps the duties of `over`, which are the second ones.
        let region = unsafe { Region::over(region, region_bytes) }.unwrap_or(Region::EMPTY);
        // SAFETY: the caller keeps the duties of `cut`.
        let quotas = unsafe { QuotaBlocks::cut(mix, quotas) };
        let quotas_end = mix
            .quotas()
            .last()
            .map_or(NonZeroUsize::MIN, |quota| NonZeroUsize::MIN.saturating_add(quota.block_bytes));
        Blocks { quotas_end, region_live: 0, region, quotas }
    }

    /// Whether no quota has so large blocks; never of no bytes.
    #[inline(always)]
    fn is_beyond_all(&self, bytes: usize) -> bool {
        bytes >= self.quotas_end.get()
    }

    /// A block for `layout`; `None` if there is none. No loop.
    #[inline(always)]
    pub(super) fn allocate(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        let (bytes, align) = (layout.size(), layout.align());
        if self.is_beyond_all(bytes) {
            // SAFETY: needs a layout's size and alignment, and at least one byte; the quotas' end is no less.
            return unsafe { self.allocate_in_region(bytes, align) };
        }
        if let Some(quota) = self.quotas.quota_for(layout) {
            return self.quotas.allocate(quota);
        }
        // SAFETY: needs a layout's size and alignment, and at least one byte; none counts as one.
        unsafe { self.allocate_in_region(if bytes == 0 { 1 } else { bytes }, align) }
    }

    /// A block of the region. Not inlined, so that the quotas' path has no frame.
    ///
    /// # Safety
    /// - `bytes` is at least one, and `bytes` and `align` are a layout's.
    #[inline(never)]
    unsafe fn allocate_in_region(&mut self, bytes: usize, align: usize) -> Option<NonNull<u8>> {
        if align <= GRANULE_BYTES {
            // SAFETY: the caller keeps the duty of `allocate_bytes`, which is the same.
            let block = unsafe { self.region.allocate_bytes(bytes) };
            if block.is_some() {
                self.region_live += 1;
                return block;
            }
        }
        self.allocate_elsewhere(bytes, align)
    }

    /// A block of the region where it is not found at once: with a large alignment, or when the region is nearly full. Not inlined, so that
    /// the region's usual path has no frame either.
    #[inline(never)]
    fn allocate_elsewhere(&mut self, bytes: usize, align: usize) -> Option<NonNull<u8>> {
        let block = self.region.allocate(Layout::from_size_align(bytes, align).ok()?)?;
        self.region_live += 1;
        Some(block)
    }

    /// Takes a block back. No loop.
    ///
    /// # Safety
    /// - `block` came from [`allocate`](Self::allocate) of this value with the same layout, was not given back since, and nobody
    ///   uses it any more.
    #[inline(always)]
    pub(super) unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout) {
        let bytes = layout.size();
        if self.is_beyond_all(bytes) {
            // SAFETY: needs a block that the region lent for so many bytes; no quota has so large ones, so the region did.
            return unsafe { self.deallocate_in_region(block, bytes) };
        }
        if let Some(quota) = self.quotas.quota_for(layout) {
            // SAFETY: needs a block of this quota; `allocate` asked for the quota of the same layout.
            return unsafe { self.quotas.deallocate(quota, block) };
        }
        // SAFETY: needs a block that the region lent for so many bytes, of which there is one; no quota serves it, so the region did.
        unsafe { self.deallocate_in_region(block, if bytes == 0 { 1 } else { bytes }) };
    }

    /// Takes a block of the region back. Not inlined, so that the quotas' path has no frame.
    ///
    /// # Safety
    /// - The region lent `block` for `bytes` bytes, at least one, it was not given back since, and nobody uses it any more.
    #[inline(never)]
    unsafe fn deallocate_in_region(&mut self, block: NonNull<u8>, bytes: usize) {
        self.region_live -= 1;
        // SAFETY: the caller keeps the duties of the region's `deallocate_bytes`, which are the same.
        unsafe { self.region.deallocate_here(block, bytes) };
    }

    /// Why a request for `layout` was refused.
    pub(super) fn refusal(&self, layout: Layout) -> Fault {
        let asked = layout.size() as u64;
        let fault = |subject| Fault::new(FaultCode::Exhaustion, subject).with(FactName::Asked, asked);
        match self.quotas.quota_for(layout) {
            Some(quota) => {
                let (limit, used) = self.quotas.usage(quota);
                fault("actor quota").with(FactName::Limit, limit as u64).with(FactName::Used, used as u64)
            }
            None if self.region.capacity_bytes() == 0 => fault("no quota was declared for this layout"),
            None => {
                let (limit, free) = (self.region.capacity_bytes(), self.region.free_bytes());
                fault("actor capacity")
                    .with(FactName::Limit, limit as u64)
                    .with(FactName::Used, (limit - free) as u64)
            }
        }
    }

    /// What is handed out. Cost: the quotas.
    pub(super) fn live(&self) -> Live {
        let Live { blocks, bytes } = self.quotas.live();
        let region_bytes = self.region.capacity_bytes() - self.region.free_bytes();
        Live { blocks: blocks + self.region_live, bytes: bytes + region_bytes }
    }

    /// Bytes of all blocks and of the region.
    pub(super) fn usable_bytes(&self) -> usize {
        self.quotas.usable_bytes() + self.region.capacity_bytes()
    }

    /// Walks every list and the region. Cost: the blocks, and the region's 16-byte granules.
    ///
    /// # Errors
    /// The first statement that does not hold.
    pub(super) fn check(&self) -> Result<(), CheckError> {
        self.quotas.check()?;
        let of_region = |RegionError { statement, offset, expected, found }| CheckError {
            statement,
            address: offset,
            expected,
            found,
        };
        self.region.check().map(drop).map_err(of_region)
    }
}
