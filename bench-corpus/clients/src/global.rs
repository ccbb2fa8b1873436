//! The global allocator: a feature each, so that a program has one and calls it directly. Without a feature, the system's.

#[cfg(feature = "mimalloc")]
#[global_allocator]
static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[cfg(feature = "jemalloc")]
#[global_allocator]
static GLOBAL: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[cfg(feature = "hosted-small")]
#[global_allocator]
static GLOBAL: compiler_alloc::profile::hosted_small::HostedSmall =
    compiler_alloc::profile::hosted_small::HostedSmall;
