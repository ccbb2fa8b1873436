//! The builder of `hosted-server`: the only way to huge pages and to NUMA nodes.

use super::super::standard_error;
use super::BACKEND;
use crate::fault::Fault;
use crate::page_source::{HugePages, IfUnavailable, NodeBytes, Numa, Placed, PlacedPages, Placement};
use crate::span::SpanBackend;

/// What to ask of the system for a `hosted-server`. Everything is off until it is named.
///
/// ```
/// use compiler_alloc::page_source::{HugePages, IfUnavailable, Numa};
/// use compiler_alloc::profile::hosted_server::HostedServer;
/// let placed = HostedServer::builder()
///     .huge_pages(HugePages::Transparent)
///     .numa(Numa::Local)
///     .if_unavailable(IfUnavailable::FallBack)
///     .install()?;
/// for fault in placed.faults() {
///     eprintln!("{fault}");
/// }
/// # Ok::<(), compiler_alloc::fault::Fault>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "a builder asks for nothing before `install` or `pages`"]
pub struct Builder {
    placement: Placement,
}

impl Builder {
    pub(super) const fn new() -> Self {
        Builder { placement: Placement::OFF }
    }

    /// Which pages to ask for.
    pub const fn huge_pages(mut self, huge_pages: HugePages) -> Self {
        self.placement.huge_pages = huge_pages;
        self
    }

    /// On which NUMA nodes to ask for memory.
    pub const fn numa(mut self, numa: Numa) -> Self {
        self.placement.numa = numa;
        self
    }

    /// What to do if one of these is not to be had. [`FallBack`](IfUnavailable::FallBack) if nothing is said.
    pub const fn if_unavailable(mut self, if_unavailable: IfUnavailable) -> Self {
        self.placement.if_unavailable = if_unavailable;
        self
    }

    /// Asks for the process's heap: at the start of `main`, before its threads. Address space that is reserved from now on is
    /// placed so; of what is reserved already, transparent huge pages and nodes are for the pages that were not touched yet.
    /// Takes the backend's lock.
    ///
    /// # Errors
    /// If it was told to [`Fail`](IfUnavailable::Fail): `ALLOCATOR_HUGEPAGE_POLICY` or `ALLOCATOR_NUMA_POLICY`, with the
    /// system's error number. Then nothing was changed.
    pub fn install(self) -> Result<Placed, Fault> {
        let source = BACKEND.source();
        let mut placed = source.place(self.placement)?;
        BACKEND.each_reservation(|base, bytes| {
            // SAFETY: needs a live reservation of this source; it is one of its backend's.
            if let Err(fault) = unsafe { source.advise(base, bytes) } {
                placed.numa_fault.get_or_insert(fault);
            }
        });
        Ok(placed)
    }

    /// Asks for a page source of its own, for a [`SpanBackend`] beside the process's heap: a compile server's arenas, say.
    ///
    /// ```
    /// use compiler_alloc::arena::{Arena, Spans};
    /// use compiler_alloc::page_source::HugePages;
    /// use compiler_alloc::profile::hosted_server::HostedServer;
    /// use compiler_alloc::span::SpanBackend;
    /// let (pages, _placed) = HostedServer::builder().huge_pages(HugePages::Transparent).pages()?;
    /// let backend: &'static _ = Box::leak(Box::new(SpanBackend::new(pages)));
    /// let spans: &'static _ = Box::leak(Box::new(Spans::new(backend)));
    /// assert_eq!(*Arena::new_in(spans).alloc(7), 7);
    /// # Ok::<(), compiler_alloc::fault::Fault>(())
    /// ```
    ///
    /// # Errors
    /// As [`install`](Self::install).
    pub fn pages(self) -> Result<(PlacedPages, Placed), Fault> {
        let pages = PlacedPages::new(say_fault);
        let placed = pages.place(self.placement)?;
        Ok((pages, placed))
    }
}

/// Says that a reservation was not placed as asked. Does not allocate.
pub(super) fn say_fault(fault: Fault) {
    standard_error::say(format_args!("compiler-alloc: {fault}; the next is not reported"));
}

/// On which NUMA nodes the memory of a backend over [`Builder::pages`] lies, by the system's account. Takes the backend's lock;
/// cost: a call of the system for 128 pages of all that is reserved.
///
/// # Errors
/// `ALLOCATOR_NUMA_POLICY`: the system does not say.
pub fn node_stats_of(backend: &SpanBackend<PlacedPages>) -> Result<NodeBytes, Fault> {
    let mut sum = NodeBytes::default();
    let mut result = Ok(());
    backend.each_reservation(|base, bytes| {
        if result.is_ok() {
            result = backend.source().count_nodes(base, bytes, &mut sum);
        }
    });
    result.map(|()| sum)
}
