//! Pages of the operating system, placed as `hosted-server` asks: on huge pages and on NUMA nodes.
//!
//! A reservation for spans is made as [`Placement`] says that is in force at that moment; records of our own stay on ordinary
//! pages. What was reserved before can be advised afterwards ([`advise`](PlacedPages::advise)): transparent huge pages and
//! nodes are then for the pages that were not touched yet.

use super::mmap::{MmapPages, policy_says};
use super::numa;
use super::placement::{HugePages, IfUnavailable, NodeBytes, NodeSet, Numa, Placed, Placement};
use super::{Geometry, PageSource, SourceError};
use crate::config;
use crate::fault::{FactName, Fault, FaultCode};
use crate::sync::{AtomicBool, AtomicU8, AtomicUsize, Ordering, const_fn};
use core::ptr::NonNull;
use rustix::mm::{Advice, MapFlags, ProtFlags};

/// Bytes of the huge pages that are asked for explicitly.
const HUGE_PAGE_BYTES: usize = 2 << 20;

/// Explicit huge pages are reserved this many bytes at a time: what is reserved is taken from the pool of all processes.
const EXPLICIT_RESERVE_BYTES: usize = 8 << 20;

const NUMA_OFF: u8 = 0;
const NUMA_LOCAL: u8 = 1;
const NUMA_INTERLEAVE: u8 = 2;
const NUMA_BIND: u8 = 3;

/// A page source that can place its memory. Made by the builder of `hosted-server`, and by nobody else; places nothing unless
/// it was asked.
#[derive(Debug)]
pub struct PlacedPages {
    pages: MmapPages,
    /// A [`HugePages`].
    huge_pages: AtomicU8,
    /// A [`Numa`], without its nodes,
    numa: AtomicU8,
    /// and with them.
    nodes: AtomicUsize,
    /// Whether a reservation that cannot be placed is refused.
    fails: AtomicBool,
    /// Reservations that were not placed as asked.
    unplaced: AtomicUsize,
    on_fault: fn(Fault),
}

impl PlacedPages {
    const_fn! {
        /// A source that places nothing yet. It calls `on_fault` when a reservation could not be placed for the first time; the
        /// handler runs under the backend's lock and must not allocate.
        pub(crate) const fn new(on_fault: fn(Fault)) -> Self {
            PlacedPages {
                pages: MmapPages::new(),
                huge_pages: AtomicU8::new(HugePages::Off as u8),
                numa: AtomicU8::new(NUMA_OFF),
                nodes: AtomicUsize::new(0),
                fails: AtomicBool::new(false),
                unplaced: AtomicUsize::new(0),
                on_fault,
            }
        }
    }

    /// Asks for a placement: tries each part of it on memory of its own, and makes what is granted the placement of
    /// reservations to come.
    ///
    /// # Errors
    /// If it was asked to fail: `ALLOCATOR_HUGEPAGE_POLICY` or `ALLOCATOR_NUMA_POLICY`, with what the system said. Then
    /// nothing was changed.
    pub(crate) fn place(&self, asked: Placement) -> Result<Placed, Fault> {
        let huge_pages_fault = try_huge_pages(asked.huge_pages).err();
        let numa_fault = try_nodes(asked.numa).err();
        if asked.if_unavailable == IfUnavailable::Fail
            && let Some(fault) = huge_pages_fault.or(numa_fault)
        {
            return Err(fault);
        }
        let huge_pages = if huge_pages_fault.is_some() { HugePages::Off } else { asked.huge_pages };
        let numa = if numa_fault.is_some() { Numa::Off } else { asked.numa };
        let placement = Placement { huge_pages, numa, ..asked };
        self.set_placement(placement);
        Ok(Placed { placement, huge_pages_fault, numa_fault })
    }

    fn set_placement(&self, placement: Placement) {
        let (numa, nodes) = match placement.numa {
            Numa::Off => (NUMA_OFF, 0),
            Numa::Local => (NUMA_LOCAL, 0),
            Numa::Interleave => (NUMA_INTERLEAVE, 0),
            Numa::Bind(nodes) => (NUMA_BIND, nodes.bits()),
        };
        self.nodes.store(nodes as usize, Ordering::Relaxed);
        self.numa.store(numa, Ordering::Release);
        self.fails.store(placement.if_unavailable == IfUnavailable::Fail, Ordering::Relaxed);
        self.huge_pages.store(placement.huge_pages as u8, Ordering::Release);
    }

    /// The placement that is in force.
    pub fn placement(&self) -> Placement {
        let numa = match self.numa.load(Ordering::Acquire) {
            NUMA_LOCAL => Numa::Local,
            NUMA_INTERLEAVE => Numa::Interleave,
            NUMA_BIND => Numa::Bind(NodeSet::from_bits(self.nodes.load(Ordering::Relaxed) as u64)),
            _ => Numa::Off,
        };
        let if_unavailable =
            if self.fails.load(Ordering::Relaxed) { IfUnavailable::Fail } else { IfUnavailable::FallBack };
        Placement { huge_pages: self.huge_pages(), numa, if_unavailable }
    }

    fn huge_pages(&self) -> HugePages {
        match self.huge_pages.load(Ordering::Acquire) {
            1 => HugePages::Transparent,
            2 => HugePages::Explicit2M,
            _ => HugePages::Off,
        }
    }

    /// How many reservations were not placed as asked, because the system refused.
    pub fn unplaced_reservations(&self) -> usize {
        self.unplaced.load(Ordering::Relaxed)
    }

    /// Applies what can be changed afterwards of the placement in force to a reservation: transparent huge pages, and the nodes
    /// of pages that are touched from now on.
    ///
    /// # Errors
    /// What the system refused.
    ///
    /// # Safety
    /// - The range is a live reservation of this source.
    pub(crate) unsafe fn advise(&self, base: NonNull<u8>, bytes: usize) -> Result<(), Fault> {
        let placement = self.placement();
        if placement.huge_pages == HugePages::Transparent {
            // SAFETY: needs a mapping of our own; the caller promises it. The advice changes no contents.
            unsafe { rustix::mm::madvise(base.as_ptr().cast(), bytes, Advice::LinuxHugepage) }
                .map_err(|error| huge_page_fault("transparent huge pages", error.raw_os_error()))?;
        }
        if placement.numa != Numa::Off {
            // SAFETY: needs a mapping of our own; the caller promises it.
            unsafe { numa::place(base, bytes, placement.numa) }.map_err(numa_fault)?;
        }
        Ok(())
    }

    /// Adds to `sum` where the memory of a range lies, by the system's account.
    ///
    /// # Errors
    /// `ALLOCATOR_NUMA_POLICY`: the system does not say.
    pub(crate) fn count_nodes(
        &self,
        base: NonNull<u8>,
        bytes: usize,
        sum: &mut NodeBytes,
    ) -> Result<(), Fault> {
        numa::count(base, bytes, self.pages.geometry().page_bytes, sum).map_err(numa_fault)
    }

    /// Notes that a reservation was not placed. Answers whether it may be used all the same.
    #[cold]
    fn note_unplaced(&self, fault: Fault) -> bool {
        if self.unplaced.fetch_add(1, Ordering::Relaxed) == 0 {
            (self.on_fault)(fault);
        }
        !self.fails.load(Ordering::Relaxed)
    }

    /// Address space on explicit huge pages; on ordinary ones if there are none and that is allowed.
    fn reserve_explicit(&self, bytes: usize, align: usize) -> Result<NonNull<u8>, SourceError> {
        match map_huge(bytes) {
            Ok(base) => Ok(base),
            Err(os_error) => {
                if self.note_unplaced(huge_page_fault("explicit huge pages", os_error)) {
                    self.pages.reserve(bytes, align)
                } else {
                    Err(SourceError::Refused { os_error })
                }
            }
        }
    }
}

fn huge_page_fault(subject: &'static str, os_error: i32) -> Fault {
    Fault::new(FaultCode::HugepagePolicy, subject).with(FactName::OsError, os_error.unsigned_abs().into())
}

fn numa_fault(os_error: i32) -> Fault {
    Fault::new(FaultCode::NumaPolicy, "NUMA nodes").with(FactName::OsError, os_error.unsigned_abs().into())
}

/// Whether the system has what is asked.
fn try_huge_pages(asked: HugePages) -> Result<(), Fault> {
    match asked {
        HugePages::Off => Ok(()),
        HugePages::Transparent if policy_says(b"always") || policy_says(b"madvise") => Ok(()),
        HugePages::Transparent => Err(Fault::new(FaultCode::HugepagePolicy, "transparent huge pages")),
        HugePages::Explicit2M => {
            let base =
                map_huge(HUGE_PAGE_BYTES).map_err(|error| huge_page_fault("explicit huge pages", error))?;
            // SAFETY: needs the mapping made above, which nobody has seen.
            unsafe { unmap(base, HUGE_PAGE_BYTES) };
            Ok(())
        }
    }
}

/// Whether the system has what is asked: tried on a page.
fn try_nodes(asked: Numa) -> Result<(), Fault> {
    if asked == Numa::Off {
        return Ok(());
    }
    if asked == Numa::Bind(NodeSet::default()) {
        return Err(Fault::new(FaultCode::NumaPolicy, "no NUMA node was named"));
    }
    let bytes = rustix::param::page_size();
    let base = map(bytes, MapFlags::PRIVATE).map_err(numa_fault)?;
    // SAFETY: needs a mapping of our own; it was made above.
    let answer = unsafe { numa::place(base, bytes, asked) };
    // SAFETY: needs the mapping made above, which nobody has seen.
    unsafe { unmap(base, bytes) };
    answer.map_err(numa_fault)
}

/// Address space on huge pages of the pool, at a multiple of their size: as many as hold `bytes`.
fn map_huge(bytes: usize) -> Result<NonNull<u8>, i32> {
    let no_room = rustix::io::Errno::NOMEM.raw_os_error();
    let bytes = bytes.checked_next_multiple_of(HUGE_PAGE_BYTES).ok_or(no_room)?;
    map(bytes, MapFlags::PRIVATE | MapFlags::HUGETLB | MapFlags::HUGE_2MB)
}

fn map(bytes: usize, flags: MapFlags) -> Result<NonNull<u8>, i32> {
    let usable = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: needs that the mapping replaces none; the address is null and no fixed placement is asked for.
    let base = unsafe { rustix::mm::mmap_anonymous(core::ptr::null_mut(), bytes, usable, flags) };
    let base = base.map_err(rustix::io::Errno::raw_os_error)?;
    NonNull::new(base.cast()).ok_or(rustix::io::Errno::NOMEM.raw_os_error())
}

/// # Safety
/// - The range was mapped by [`map`] with this size, and nobody uses it.
unsafe fn unmap(base: NonNull<u8>, bytes: usize) {
    // SAFETY: needs an unused range of our own; the caller promises it.
    let _ = unsafe { rustix::mm::munmap(base.as_ptr().cast(), bytes) };
}

// SAFETY: needs ranges that are free, usable and zero; the kernel gives just that for private anonymous mappings, huge or
// not, and advice changes no contents.
unsafe impl PageSource for PlacedPages {
    #[inline]
    fn geometry(&self) -> Geometry {
        let geometry = self.pages.geometry();
        match self.huge_pages() {
            HugePages::Explicit2M => Geometry { reserve_bytes_max: EXPLICIT_RESERVE_BYTES, ..geometry },
            _ => geometry,
        }
    }

    fn purged_reads_zero(&self) -> bool {
        // The system drops explicit huge pages only whole.
        self.huge_pages() != HugePages::Explicit2M && self.pages.purged_reads_zero()
    }

    fn reserve(&self, bytes: usize, align: usize) -> Result<NonNull<u8>, SourceError> {
        if align < config::UNIT_BYTES {
            // Records of our own.
            return self.pages.reserve(bytes, align);
        }
        let base = match self.huge_pages() {
            HugePages::Explicit2M => self.reserve_explicit(bytes, align)?,
            HugePages::Off | HugePages::Transparent => self.pages.reserve(bytes, align)?,
        };
        // SAFETY: needs a live reservation; it was made above.
        if let Err(fault) = unsafe { self.advise(base, bytes) }
            && !self.note_unplaced(fault)
        {
            // SAFETY: exactly the reservation made above, which nobody has seen.
            unsafe { self.release(base, bytes) };
            let os_error = fault.fact(FactName::OsError).unwrap_or(0) as i32;
            return Err(SourceError::Refused { os_error });
        }
        Ok(base)
    }

    #[inline]
    unsafe fn commit(&self, base: NonNull<u8>, bytes: usize) -> Result<(), SourceError> {
        // SAFETY: the caller keeps the duties of `commit`, which are the same.
        unsafe { self.pages.commit(base, bytes) }
    }

    unsafe fn decommit(&self, base: NonNull<u8>, bytes: usize) {
        // SAFETY: the caller keeps the duties of `decommit`, which are the same. Of explicit huge pages the system drops
        // whole ones, or refuses.
        unsafe { self.pages.decommit(base, bytes) }
    }

    unsafe fn move_pages(&self, from: NonNull<u8>, to: NonNull<u8>, bytes: usize) -> bool {
        // Parts of explicit huge pages cannot be moved.
        // SAFETY: the caller keeps the duties of `move_pages`, which are the same.
        self.huge_pages() != HugePages::Explicit2M && unsafe { self.pages.move_pages(from, to, bytes) }
    }

    unsafe fn populate(&self, base: NonNull<u8>, bytes: usize) -> Result<(), SourceError> {
        // SAFETY: the caller keeps the duties of `populate`, which are the same.
        unsafe { self.pages.populate(base, bytes) }
    }

    unsafe fn lock(&self, base: NonNull<u8>, bytes: usize) -> Result<(), SourceError> {
        // SAFETY: the caller keeps the duties of `lock`, which are the same.
        unsafe { self.pages.lock(base, bytes) }
    }

    unsafe fn unlock(&self, base: NonNull<u8>, bytes: usize) {
        // SAFETY: the caller keeps the duties of `unlock`, which are the same.
        unsafe { self.pages.unlock(base, bytes) }
    }

    fn lock_bytes_max(&self) -> Option<usize> {
        self.pages.lock_bytes_max()
    }

    unsafe fn release(&self, base: NonNull<u8>, bytes: usize) {
        // SAFETY: needs an unused range that we mapped; the caller promises a whole reservation that nobody uses.
        let answer = unsafe { rustix::mm::munmap(base.as_ptr().cast(), bytes) };
        if answer == Err(rustix::io::Errno::INVAL)
            && let Some(whole_bytes) = bytes.checked_next_multiple_of(HUGE_PAGE_BYTES)
        {
            // It is on explicit huge pages, of which `map_huge` mapped as many as hold it.
            // SAFETY: as above.
            unsafe { unmap(base, whole_bytes) };
        }
    }
}
