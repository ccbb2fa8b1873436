//! Only the builder of hosted-server asks for huge pages and nodes.
use compiler_alloc::page_source::{HugePages, MmapPages, Numa};
use compiler_alloc::profile::hosted_small::HostedSmall;

fn main() {
    HostedSmall::builder().huge_pages(HugePages::Transparent);
    MmapPages::new().numa(Numa::Local);
}
