//! One experiment a drain point of `realtime`: messages that another thread could have sent, then the actor's drain.

use std::alloc::Layout;

use compiler_alloc::actor::ActorHeap;

use super::drain::Drained;
use crate::stress::Bench;

/// Messages that wait: the credits of one sender.
const MESSAGES: usize = 1_000;

/// Runs the experiment of `drain_point`; its numbers are messages.
///
/// # Errors
/// When there is none, or something does not hold together afterwards.
pub fn measure(drain_point: &str) -> Result<Drained, String> {
    let mut bench = Bench::new();
    let heap = ActorHeap::builder(bench.backend)
        .quota(Layout::new::<u64>(), MESSAGES)
        .senders(1, MESSAGES)
        .best_effort_locking()
        .seal()
        .map_err(|fault| fault.to_string())?;
    let mut sender = heap.sender().map_err(|fault| fault.to_string())?;
    for number in 0..MESSAGES as u64 {
        let message = heap.try_alloc(number).map_err(|fault| fault.to_string())?;
        sender.send(message.into_remote()).map_err(|error| format!("refused: {error}"))?;
    }
    let waiting = sender.pending() as usize;
    let drained = match drain_point {
        "message-boundary" => {
            let drained = heap.drain(usize::MAX);
            let left = sender.pending() as usize;
            heap.check().map_err(|error| format!("the actor's validator: {error}"))?;
            drop(sender);
            let end = heap.shutdown();
            if let Some(leak) = end.leak() {
                return Err(leak.to_string());
            }
            Drained { waiting, drained, left: left + end.drained }
        }
        "actor-shutdown" => {
            drop(sender);
            let end = heap.shutdown();
            Drained { waiting, drained: end.drained, left: end.unfinished + end.live.blocks }
        }
        _ => return Err(format!("nothing measures the drain point {drain_point} of realtime")),
    };
    bench.shut_down_clean()?;
    Ok(drained)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_that_waits_is_drained_at_a_boundary_and_at_the_actors_end() {
        for point in ["message-boundary", "actor-shutdown"] {
            let drained = crate::evidence::drain::drains_alike(measure, point);
            assert_eq!(drained, Drained { waiting: MESSAGES, drained: MESSAGES, left: 0 }, "{point}");
        }
        assert!(measure("safepoint").is_err());
    }
}
