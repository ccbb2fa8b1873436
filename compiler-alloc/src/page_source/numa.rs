//! The system calls about NUMA nodes, which rustix does not have. Linux only.

use super::placement::{NODES_MAX, NodeBytes, NodeSet, Numa};
use core::ptr::{self, NonNull};
use syscalls::{Errno, Sysno, syscall};

// Numbers of the kernel's interface, `linux/mempolicy.h`.
const MPOL_DEFAULT: usize = 0;
const MPOL_BIND: usize = 2;
const MPOL_INTERLEAVE: usize = 3;
const MPOL_LOCAL: usize = 4;
const MPOL_F_MEMS_ALLOWED: usize = 1 << 2;

/// Pages that are asked about in one call.
const QUERY_PAGES: usize = 128;

/// The nodes that the process may use.
///
/// # Errors
/// The system's error number.
pub(super) fn allowed_nodes() -> Result<NodeSet, i32> {
    // The kernel wants room for as many nodes as it was built for.
    let mut bits = [0_u64; 16];
    // SAFETY: needs room for the number of bits that is said; the array has as many. No address is asked about.
    let answer = unsafe {
        syscall!(
            Sysno::get_mempolicy,
            ptr::null_mut::<i32>(),
            bits.as_mut_ptr(),
            bits.len() * 64,
            0_usize,
            MPOL_F_MEMS_ALLOWED
        )
    };
    answer.map_err(Errno::into_raw)?;
    Ok(NodeSet::from_bits(bits[0]))
}

/// Asks that pages of a range which are touched later lie on these nodes.
///
/// # Errors
/// The system's error number: it knows no nodes (38), or not all of these (22).
///
/// # Safety
/// - The range consists of whole pages that the caller mapped.
pub(super) unsafe fn place(base: NonNull<u8>, bytes: usize, numa: Numa) -> Result<(), i32> {
    let (mode, nodes) = match numa {
        Numa::Off => (MPOL_DEFAULT, NodeSet::default()),
        Numa::Local => (MPOL_LOCAL, NodeSet::default()),
        Numa::Interleave => (MPOL_INTERLEAVE, allowed_nodes()?),
        Numa::Bind(nodes) => (MPOL_BIND, nodes),
    };
    let bits = nodes.bits();
    // The kernel reads one bit less than it is told.
    let (mask, mask_bits) = if bits == 0 { (ptr::null(), 0) } else { (&raw const bits, NODES_MAX + 1) };
    // SAFETY: needs a range of ours and a mask of that many bits, which the kernel reads; the caller promises the range. The
    // call changes no contents.
    let answer = unsafe { syscall!(Sysno::mbind, base.as_ptr(), bytes, mode, mask, mask_bits, 0_usize) };
    answer.map(|_| ()).map_err(Errno::into_raw)
}

/// Adds to `sum` on which nodes the pages of a range lie. Cost: a call of the system for 128 pages.
///
/// # Errors
/// The system's error number.
pub(super) fn count(
    base: NonNull<u8>,
    bytes: usize,
    page_bytes: usize,
    sum: &mut NodeBytes,
) -> Result<(), i32> {
    let mut pages = [ptr::null_mut::<u8>(); QUERY_PAGES];
    let mut nodes = [0_i32; QUERY_PAGES];
    let mut offset = 0;
    while offset < bytes {
        let length = ((bytes - offset) / page_bytes).min(QUERY_PAGES);
        for (index, page) in pages[..length].iter_mut().enumerate() {
            *page = base.as_ptr().wrapping_add(offset + index * page_bytes);
        }
        // SAFETY: needs as many addresses and places for answers as are said; the arrays have them. Without a list of nodes
        // the call only asks, and any address may be asked about.
        let answer = unsafe {
            syscall!(
                Sysno::move_pages,
                0_usize,
                length,
                pages.as_ptr(),
                ptr::null::<i32>(),
                nodes.as_mut_ptr(),
                0_usize
            )
        };
        answer.map_err(Errno::into_raw)?;
        for &node in &nodes[..length] {
            // Negative: the error number of a page without memory.
            sum.add(usize::try_from(node).ok(), page_bytes);
        }
        offset += length.max(1) * page_bytes;
    }
    Ok(())
}
