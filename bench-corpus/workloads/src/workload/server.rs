//! What a server does with its heap: requests that pass through many threads, and a day of load that rises and falls.

use std::sync::Mutex;

use bench_measured::rng::Rng;

use super::draw_two;
use super::ring::ring;
use crate::account::{RESIDENT, status_bytes};
use crate::{Block, Scale};

const THREADS: usize = 16;
const PARTS: usize = 24;
const QUEUED_MAX: usize = 64;
const REQUESTS: usize = 6_000;

/// A request or an answer: parts of many sizes, as headers, a body, rows of a table.
type Message = Vec<Block>;

fn message(rng: &mut Rng) -> Message {
    (0..PARTS).map(|_| Block::new(part_bytes(rng))).collect()
}

/// 16 bytes to 8 KiB, small ones far more often.
fn part_bytes(rng: &mut Rng) -> usize {
    let (power, share) = draw_two(rng, 10, 1 << 16);
    16 + ((((16 << power) - 16) * share) >> 16)
}

/// Sixteen threads in a ring: each reads requests of the one before it, frees them, and sends answers on. Nearly every block is
/// freed by another thread than the one that allocated it.
pub fn pipeline(scale: Scale) {
    ring(THREADS, QUEUED_MAX, |seed, next, previous| {
        let mut rng = Rng::new(seed);
        for _ in 0..scale.of(REQUESTS) {
            // Fails only if a thread panicked; the scope says so.
            let (Ok(()), Ok(request)) = (next.send(message(&mut rng)), previous.recv()) else { return };
            drop(request);
        }
    });
}

/// Threads that are busy in each hour of the day.
const BUSY: [usize; 24] = [2, 1, 1, 1, 1, 2, 3, 5, 8, 12, 15, 16, 14, 15, 16, 16, 14, 11, 9, 8, 6, 5, 4, 3];
const DAY_REQUESTS: usize = 5_000;
/// Sessions that each busy thread keeps alive.
const SESSIONS: usize = 2_000;

/// A day: in each hour as many new threads as are busy then serve requests, drop sessions that threads of the hours before left,
/// and leave new ones. Prints the resident memory at the end of each hour.
pub fn day(scale: Scale) {
    let sessions: Mutex<Vec<Message>> = Mutex::new(Vec::new());
    let mut resident = [0; BUSY.len()];
    for (hour, &busy) in BUSY.iter().enumerate() {
        // Joined, not scoped: a scope does not wait for what runs after a thread's function.
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..busy)
                .map(|thread| {
                    let (sessions, seed) = (&sessions, (hour * THREADS + thread) as u64);
                    scope.spawn(move || serve(sessions, seed, scale))
                })
                .collect();
            threads.into_iter().for_each(|thread| thread.join().expect("no thread panicked"));
        });
        // As many sessions stay as the hour's load has.
        let mut sessions = sessions.lock().expect("no thread panicked");
        let kept = scale.of(SESSIONS) * busy / 8;
        let surplus = sessions.len().saturating_sub(kept);
        sessions.drain(..surplus);
        resident[hour] = status_bytes(RESIDENT);
        println!("resident_hour_{hour:02}\t{}", resident[hour]);
    }
    println!("resident_mean\t{}", resident.iter().sum::<usize>() / resident.len());
}

fn serve(sessions: &Mutex<Vec<Message>>, seed: u64, scale: Scale) {
    let mut rng = Rng::new(seed);
    let mut own: Vec<Message> = Vec::new();
    for request in 0..scale.of(DAY_REQUESTS) {
        let answer = message(&mut rng);
        if request % 16 == 0 {
            let mut sessions = sessions.lock().expect("no thread panicked");
            let count = sessions.len();
            if count > 0 {
                // Somebody else's session is over, and freed here.
                let over = sessions.swap_remove(rng.below(count));
                drop(sessions);
                drop(over);
            }
        }
        if request % 4 == 0 {
            own.push(answer);
        }
    }
    sessions.lock().expect("no thread panicked").append(&mut own);
}
