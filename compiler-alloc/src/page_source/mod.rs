//! Where address space comes from and goes back to.
//!
//! Memory of a page source is in one of three states:
//!
//! | state | address space | may be touched | backed by RAM |
//! |---|---|---|---|
//! | absent | the source's | no | no |
//! | reserved | lent | no | no |
//! | committed | lent | yes, reads zero before the first write | once touched |
//!
//! [`reserve`](PageSource::reserve) makes absent reserved, [`commit`](PageSource::commit) makes reserved committed,
//! [`decommit`](PageSource::decommit) goes back to reserved and [`release`](PageSource::release) to absent.

use core::fmt;
use core::ptr::NonNull;

mod fixed;
#[cfg(any(test, feature = "test-fixture"))]
mod fixture;
#[cfg(target_os = "linux")]
mod mmap;
#[cfg(all(test, any(loom, shuttle)))]
mod model;
#[cfg(all(feature = "hosted", target_os = "linux", not(loom)))]
mod numa;
#[cfg(all(feature = "hosted", target_os = "linux", not(loom)))]
mod placed;
#[cfg(all(feature = "hosted", target_os = "linux", not(loom)))]
mod placement;
#[cfg(feature = "std")]
mod system;

pub use fixed::FixedPages;
#[cfg(any(test, feature = "test-fixture"))]
pub use fixture::{FixtureCall, FixtureEvent, FixturePages};
#[cfg(all(feature = "test-fixture", feature = "std", target_pointer_width = "64", not(loom)))]
pub(crate) use fixture::{OS_ERROR_SCRIPTED, Refusals};
#[cfg(target_os = "linux")]
pub use mmap::MmapPages;
#[cfg(all(test, any(loom, shuttle)))]
pub(crate) use model::ModelPages;
#[cfg(all(feature = "hosted", target_os = "linux", not(loom)))]
pub use placed::PlacedPages;
#[cfg(all(feature = "hosted", target_os = "linux", not(loom)))]
pub use placement::{HugePages, IfUnavailable, NODES_MAX, NodeBytes, NodeSet, Numa, Placed, Placement};
#[cfg(feature = "std")]
pub use system::SystemPages;

/// The source that the process-wide backend uses on this system.
#[cfg(target_os = "linux")]
pub type OsPages = MmapPages;
/// The source that the process-wide backend uses on this system.
#[cfg(all(not(target_os = "linux"), feature = "std"))]
pub type OsPages = SystemPages;

/// The sizes that a page source prescribes. All are powers of two, except `reserve_bytes_max` and the window.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Geometry {
    /// The grain of commit and decommit.
    pub page_bytes: usize,
    /// The grain of spans: a multiple of `page_bytes`, at most 16 pages.
    pub unit_bytes: usize,
    /// What one page-map entry covers: at most 32 units.
    pub region_bytes: usize,
    /// How much to reserve at once when less is needed; a multiple of `unit_bytes`. May shrink as a fixed source fills.
    pub reserve_bytes_max: usize,
    /// How much to reserve at once for our own records; 0 means exactly what is needed.
    pub record_bytes_min: usize,
    /// The lowest address that the source may ever lend.
    pub window_base: usize,
    /// How many bytes of addresses, from there on, it may lend. It decides the size of the page map.
    pub window_bytes: usize,
}

impl Geometry {
    /// Units in a region.
    #[inline]
    pub const fn region_units(&self) -> usize {
        self.region_bytes / self.unit_bytes
    }

    /// OS pages in a unit.
    #[inline]
    pub const fn unit_pages(&self) -> usize {
        self.unit_bytes / self.page_bytes
    }

    /// One bit for each page of a unit.
    #[inline]
    pub(crate) const fn unit_pages_mask(&self) -> u16 {
        (u16::MAX as u32 >> (16 - self.unit_pages() as u32)) as u16
    }
}

/// Why a page source refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SourceError {
    /// The system refused, with this error number.
    Refused {
        /// The operating system's error number, for instance 12 for `ENOMEM`.
        os_error: i32,
    },
    /// Fixed storage is used up.
    Full,
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SourceError::Refused { os_error } => write!(f, "the system refused pages: os error {os_error}"),
            SourceError::Full => f.write_str("fixed storage is used up"),
        }
    }
}

impl core::error::Error for SourceError {}

/// Lends address space and memory.
///
/// # Safety
/// An implementation promises, for every call that follows the duties below:
/// - a reservation overlaps no other live reservation, nor anything else that is in use, and lies in the geometry's
///   window;
/// - committed memory is readable and writable through the pointer that `reserve` returned until it is decommitted or
///   released, and reads zero before it is first written after a commit that follows `reserve`;
/// - `geometry` always answers the same, except for `reserve_bytes_max`;
/// - none of them uses a backend or a heap over the source: these call it with their lock held, and a thread that holds a lock across
///   `fork` may take it again;
/// - if [`purged_reads_zero`](Self::purged_reads_zero) says so, memory reads zero after every commit that follows `decommit` too.
pub unsafe trait PageSource: Sync {
    /// The sizes that spans over this source have. Cheap: called on slow paths of every kind.
    fn geometry(&self) -> Geometry;

    /// Whether memory that was decommitted and committed again reads zero, as it does after `reserve`. `false` if not said.
    fn purged_reads_zero(&self) -> bool {
        false
    }

    /// Reserves exactly `bytes` at a multiple of `align`.
    ///
    /// `bytes` is not 0 and a multiple of the page size, except for records of a source whose `record_bytes_min` is 0: then
    /// of 64. `align` is a power of two: 64 or the page size for records, at least a unit for units.
    ///
    /// # Errors
    /// [`SourceError`] if no such range is to be had; nothing was changed then.
    fn reserve(&self, bytes: usize, align: usize) -> Result<NonNull<u8>, SourceError>;

    /// Makes a range usable. Committing committed memory is allowed and keeps its contents.
    ///
    /// # Errors
    /// [`SourceError`] if there is no memory for it; the range is then still reserved.
    ///
    /// # Safety
    /// - The range consists of whole pages of one live reservation of this source.
    unsafe fn commit(&self, base: NonNull<u8>, bytes: usize) -> Result<(), SourceError>;

    /// Gives the memory of a range back and keeps its address space.
    ///
    /// # Safety
    /// - The range consists of whole pages of one live reservation of this source.
    /// - Nobody reads it again before it is committed again and written.
    unsafe fn decommit(&self, base: NonNull<u8>, bytes: usize);

    /// Moves the memory of a range, with its contents, to another one, whose own memory is given back. The first range is then
    /// committed and reads zero. `false` if the source cannot; nothing was changed then.
    ///
    /// # Safety
    /// - Both ranges consist of whole committed pages of live reservations of this source, do not overlap, and nobody else uses
    ///   them.
    unsafe fn move_pages(&self, _from: NonNull<u8>, _to: NonNull<u8>, _bytes: usize) -> bool {
        false
    }

    /// Gives memory to every page of a range now, so that no later touch waits for it. Contents stay. By default touches every page.
    ///
    /// # Errors
    /// [`SourceError`] if there is no memory for it; some pages may have got theirs.
    ///
    /// # Safety
    /// - The range consists of whole committed pages of one live reservation of this source, and nobody else uses them.
    unsafe fn populate(&self, base: NonNull<u8>, bytes: usize) -> Result<(), SourceError> {
        // SAFETY: the caller keeps the duties of `populate`, of which these are a part.
        unsafe { touch(base, bytes, self.geometry().page_bytes) };
        Ok(())
    }

    /// Keeps the memory of a range from being taken away, where the source's memory ever is. By default it never is.
    ///
    /// # Errors
    /// [`SourceError`] if the system refuses; some pages may be locked.
    ///
    /// # Safety
    /// - The range consists of whole committed pages of one live reservation of this source.
    unsafe fn lock(&self, _base: NonNull<u8>, _bytes: usize) -> Result<(), SourceError> {
        Ok(())
    }

    /// Undoes [`lock`](Self::lock), whether or not the range was locked. Before the range is decommitted or released.
    ///
    /// # Safety
    /// - The range consists of whole committed pages of one live reservation of this source.
    unsafe fn unlock(&self, _base: NonNull<u8>, _bytes: usize) {}

    /// How many bytes the system lets the process lock, if it says.
    fn lock_bytes_max(&self) -> Option<usize> {
        None
    }

    /// Gives a whole reservation back.
    ///
    /// # Safety
    /// - `base` came from [`reserve`](Self::reserve) of this source with the same `bytes`, and was not released since.
    /// - Nobody uses any of its memory again.
    unsafe fn release(&self, base: NonNull<u8>, bytes: usize);
}

/// Reads and writes back one byte of every page of a range.
///
/// # Safety
/// - The range is readable and writable, and nobody else uses it.
unsafe fn touch(base: NonNull<u8>, bytes: usize, page_bytes: usize) {
    for offset in (0..bytes).step_by(page_bytes) {
        // SAFETY: needs to stay inside the range; `offset` is below its size.
        let place = unsafe { base.add(offset) };
        // SAFETY: needs readable memory; the caller promises it. Volatile, because the value does not matter.
        let byte = unsafe { place.read_volatile() };
        // SAFETY: needs writable memory that nobody else uses; the caller promises both.
        unsafe { place.write_volatile(byte) };
    }
}

// SAFETY: needs the trait's promises; the referenced source keeps them and every call is handed to it unchanged.
unsafe impl<S: PageSource> PageSource for &S {
    fn geometry(&self) -> Geometry {
        S::geometry(self)
    }

    fn purged_reads_zero(&self) -> bool {
        S::purged_reads_zero(self)
    }

    fn reserve(&self, bytes: usize, align: usize) -> Result<NonNull<u8>, SourceError> {
        S::reserve(self, bytes, align)
    }

    unsafe fn commit(&self, base: NonNull<u8>, bytes: usize) -> Result<(), SourceError> {
        // SAFETY: the caller keeps the duties of `commit`, which are the same.
        unsafe { S::commit(self, base, bytes) }
    }

    unsafe fn decommit(&self, base: NonNull<u8>, bytes: usize) {
        // SAFETY: the caller keeps the duties of `decommit`, which are the same.
        unsafe { S::decommit(self, base, bytes) }
    }

    unsafe fn move_pages(&self, from: NonNull<u8>, to: NonNull<u8>, bytes: usize) -> bool {
        // SAFETY: the caller keeps the duties of `move_pages`, which are the same.
        unsafe { S::move_pages(self, from, to, bytes) }
    }

    unsafe fn populate(&self, base: NonNull<u8>, bytes: usize) -> Result<(), SourceError> {
        // SAFETY: the caller keeps the duties of `populate`, which are the same.
        unsafe { S::populate(self, base, bytes) }
    }

    unsafe fn lock(&self, base: NonNull<u8>, bytes: usize) -> Result<(), SourceError> {
        // SAFETY: the caller keeps the duties of `lock`, which are the same.
        unsafe { S::lock(self, base, bytes) }
    }

    unsafe fn unlock(&self, base: NonNull<u8>, bytes: usize) {
        // SAFETY: the caller keeps the duties of `unlock`, which are the same.
        unsafe { S::unlock(self, base, bytes) }
    }

    fn lock_bytes_max(&self) -> Option<usize> {
        S::lock_bytes_max(self)
    }

    unsafe fn release(&self, base: NonNull<u8>, bytes: usize) {
        // SAFETY: the caller keeps the duties of `release`, which are the same.
        unsafe { S::release(self, base, bytes) }
    }
}
