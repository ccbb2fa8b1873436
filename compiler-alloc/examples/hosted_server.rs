//! A small compile server on `hosted-server`: workers that free each other's requests, and arenas on the same backend.

use compiler_alloc::Arena;
use compiler_alloc::page_source::{HugePages, Numa};
use compiler_alloc::profile::hosted_server::{self, HostedServer};
use std::sync::mpsc::channel;

#[global_allocator]
static HEAP: HostedServer = HostedServer;

const WORKERS: usize = 4;
const REQUESTS: usize = 2_000;

fn main() -> Result<(), compiler_alloc::fault::Fault> {
    let placed = HostedServer::builder().huge_pages(HugePages::Transparent).numa(Numa::Local).install()?;
    for fault in placed.faults() {
        println!("done without: {fault}");
    }
    // Each worker compiles the sources that the one before it read, and frees them.
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..WORKERS).map(|_| channel::<Vec<String>>()).unzip();
    let threads: Vec<_> = receivers
        .into_iter()
        .enumerate()
        .map(|(worker, receiver)| {
            let sender = senders[(worker + 1) % WORKERS].clone();
            std::thread::spawn(move || {
                let mut arena = Arena::new_in(hosted_server::arena_memory());
                let mut symbols = 0;
                for request in 0..REQUESTS {
                    let source =
                        (0..50).map(|line| format!("let symbol_{request}_{line} = {worker};")).collect();
                    let (Ok(()), Ok(source)) = (sender.send(source), receiver.recv()) else { break };
                    symbols += compile(&arena, &source);
                    arena.reset();
                    hosted_server::safepoint();
                }
                symbols
            })
        })
        .collect();
    let symbols: usize = threads.into_iter().map(|thread| thread.join().expect("a worker ends well")).sum();
    let (stats, counts) = (hosted_server::stats(), hosted_server::transfer_counts());
    println!(
        "{symbols} symbols; heap {} KiB, idle {} KiB",
        stats.heap_live_bytes >> 10,
        stats.idle_bytes() >> 10
    );
    println!(
        "transfer cache: {} batches taken, {} of 1000 refills that asked",
        counts.hits,
        counts.hits_per_mille()
    );
    if let Ok(nodes) = hosted_server::node_stats() {
        println!("{nodes}");
    }
    hosted_server::trim(0);
    assert_eq!(hosted_server::transfer_counts().waiting, 0);
    assert_eq!(symbols, WORKERS * REQUESTS * 50);
    Ok(())
}

/// Keeps every name of a source in the arena; answers how many there are.
fn compile(arena: &Arena, source: &[String]) -> usize {
    let names = source.iter().filter_map(|line| line.split(' ').nth(1));
    names.map(|name| arena.alloc_str(name)).filter(|name| name.starts_with("symbol")).count()
}
