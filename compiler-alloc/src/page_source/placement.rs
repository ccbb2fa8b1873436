//! Where memory should lie: on huge pages, on NUMA nodes; and what was granted.
//!
//! These are values. The only profile that takes them is `hosted-server`, through its builder; every default is off.

use crate::fault::Fault;
use core::fmt;

/// How many NUMA nodes are told apart: 0 to 63.
pub const NODES_MAX: usize = 64;

/// Which pages to ask the system for.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum HugePages {
    /// Ordinary pages.
    #[default]
    Off,
    /// Ordinary address space that the system may back by huge pages: a touch can bring in two megabytes.
    Transparent,
    /// Pages of two megabytes from the pool that the administrator set aside (`vm.nr_hugepages`). They go back to it whole,
    /// when all of their address space does or at shutdown; a purge leaves them.
    Explicit2M,
}

/// On which NUMA nodes to ask for memory.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Numa {
    /// As the system decides.
    #[default]
    Off,
    /// On the node of the processor that touches a page first.
    Local,
    /// Page by page over all nodes that the process may use.
    Interleave,
    /// On these nodes and no others.
    Bind(NodeSet),
}

/// Some NUMA nodes.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct NodeSet(u64);

impl NodeSet {
    /// The nodes whose bits are set: bit 0 is node 0.
    pub const fn from_bits(bits: u64) -> Self {
        NodeSet(bits)
    }

    /// One node, below [`NODES_MAX`]; none, for a higher number.
    pub const fn of(node: usize) -> Self {
        NodeSet(if node < NODES_MAX { 1 << node } else { 0 })
    }

    /// These nodes and one more.
    pub const fn and(self, node: usize) -> Self {
        NodeSet(self.0 | NodeSet::of(node).0)
    }

    /// One bit for each node.
    pub const fn bits(self) -> u64 {
        self.0
    }
}

/// What to do about a placement that is not to be had.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum IfUnavailable {
    /// Do without it, and say so once.
    #[default]
    FallBack,
    /// Refuse: the placement when it is asked for, and later every reservation that would not have it.
    Fail,
}

/// Everything that can be asked about where memory lies.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Placement {
    /// Which pages.
    pub huge_pages: HugePages,
    /// On which nodes.
    pub numa: Numa,
    /// And if that is not to be had.
    pub if_unavailable: IfUnavailable,
}

impl Placement {
    /// Ordinary pages where the system puts them.
    pub const OFF: Placement =
        Placement { huge_pages: HugePages::Off, numa: Numa::Off, if_unavailable: IfUnavailable::FallBack };
}

/// What was granted of a [`Placement`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Placed {
    /// What is in force now.
    pub placement: Placement,
    /// Why huge pages are not, if they were asked for.
    pub huge_pages_fault: Option<Fault>,
    /// Why the nodes are not, if they were asked for.
    pub numa_fault: Option<Fault>,
}

impl Placed {
    /// What was not granted.
    pub fn faults(&self) -> impl Iterator<Item = Fault> {
        self.huge_pages_fault.into_iter().chain(self.numa_fault)
    }
}

/// Where memory lies, by the system's own account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NodeBytes {
    by_node: [usize; NODES_MAX],
    /// Bytes that have no memory: never touched, given back, or swapped out.
    pub absent_bytes: usize,
}

impl Default for NodeBytes {
    fn default() -> Self {
        NodeBytes { by_node: [0; NODES_MAX], absent_bytes: 0 }
    }
}

impl NodeBytes {
    /// Bytes of memory on a node.
    pub fn on(&self, node: usize) -> usize {
        self.by_node.get(node).copied().unwrap_or(0)
    }

    /// The nodes with memory, and how many bytes on each.
    pub fn nodes(&self) -> impl Iterator<Item = (usize, usize)> {
        self.by_node.iter().copied().enumerate().filter(|&(_, bytes)| bytes > 0)
    }

    /// Adds a page: on a node, or on none.
    pub(crate) fn add(&mut self, node: Option<usize>, bytes: usize) {
        match node.and_then(|node| self.by_node.get_mut(node)) {
            Some(sum) => *sum += bytes,
            None => self.absent_bytes += bytes,
        }
    }
}

impl fmt::Display for NodeBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (node, bytes) in self.nodes() {
            write!(f, "node {node}: {bytes} bytes, ")?;
        }
        write!(f, "absent: {} bytes", self.absent_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_on_no_node_or_on_an_unknown_one_is_absent() {
        let mut bytes = NodeBytes::default();
        for node in [Some(1), Some(1), Some(63), Some(64), None] {
            bytes.add(node, 10);
        }
        assert_eq!(bytes.nodes().collect::<Vec<_>>(), [(1, 20), (63, 10)]);
        assert_eq!((bytes.on(1), bytes.on(64), bytes.absent_bytes), (20, 0, 20));
        assert_eq!(bytes.to_string(), "node 1: 20 bytes, node 63: 10 bytes, absent: 20 bytes");
    }

    #[test]
    fn a_set_of_nodes_has_a_bit_for_each() {
        assert_eq!(NodeSet::of(0).and(3).and(64).bits(), 0b1001);
        assert_eq!(NodeSet::from_bits(2), NodeSet::of(1));
    }
}
