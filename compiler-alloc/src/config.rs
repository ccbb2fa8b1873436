//! Every limit of the layers below the arenas, with the relations between them asserted at compile time.

/// Bytes of a unit on an operating system: the grain of spans.
pub const UNIT_BYTES: usize = 64 << 10;

/// Bytes of a region on an operating system: the window one page-map entry answers for.
pub const REGION_BYTES: usize = 2 << 20;

/// The most address space reserved ahead of need in one request. A single larger span reserves exactly itself.
pub const RESERVE_BYTES_MAX: usize = 64 << 20;

/// Address space reserved ahead of need by the first request; by later ones it is [`RESERVE_BYTES_MAX`].
pub const RESERVE_BYTES_FIRST: usize = 4 << 20;

/// The most units in a region; a region's records are one array of this length or shorter.
pub(crate) const REGION_UNITS_MAX: usize = 32;

/// The most OS pages in a unit, because a unit's record has one counter for each.
pub(crate) const UNIT_PAGES_MAX: usize = 16;

/// The most bytes of returned spans that one thread keeps for itself.
pub const CACHE_BYTES_MAX: usize = 2 << 20;

/// The most runs that one thread keeps, however small they are.
pub(crate) const CACHE_RUNS_MAX: usize = 32;

/// The most open tails of one thread.
pub(crate) const TAILS_MAX: usize = 4;

/// What an open span has, and the largest open tail that returned parts may grow to. The same for every span of a thread, so that a pass
/// that comes again lies where it lay.
pub const TAIL_BYTES_MAX: usize = 512 << 10;

/// A part of at least this size gets a run of units of its own instead of a slice of an open tail.
pub const OWN_RUN_BYTES_MIN: usize = 512 << 10;

/// Parts begin and end at multiples of this, so it is also the smallest part.
pub const PART_ALIGN: usize = 16;

/// What is left of a tail is handed out with its last part if it is less than this.
pub(crate) const TAIL_BYTES_MIN: usize = 64;

/// This many bytes may idle, whatever lives.
pub const IDLE_BYTES_MIN: usize = 1 << 20;

/// Of what heaps recently held and hold no more, this many bytes may idle for their next requests.
pub const HEAP_IDLE_BYTES_MAX: usize = 7 << 20;

/// Once heaps held again what they had given back, up to this many bytes of it may idle.
pub const HEAP_RETURNED_BYTES_MAX: usize = 64 << 20;

/// Beside what heaps hold, twice as much may idle, up to this many bytes: large blocks of all sizes come and go.
pub const HEAP_TURNOVER_BYTES_MAX: usize = 48 << 20;

/// Idle memory may also be this fraction of the live bytes.
pub(crate) const IDLE_LIVE_DIVISOR: usize = 4;

/// Beside the arenas' recent peak, this fraction of it may idle: runs that lie between live ones and are too short for a large request.
/// Without it a pass with objects of many megabytes purges splinters for every one of them, and faults them in again.
pub(crate) const PEAK_SPLINTERS_DIVISOR: usize = 2;

/// A purge goes this fraction of the limit below it, so that the next return does not purge again.
pub(crate) const PURGE_SLACK_DIVISOR: usize = 16;

/// The most bytes that are given back before the backend's lock is opened for others.
pub(crate) const PURGE_BYTES_MAX: usize = 1 << 20;

/// A thread adds its account to the shared one after this many bytes of traffic.
pub(crate) const PUBLISH_BYTES: usize = 512 << 10;

/// The remembered peak halves when arenas gave back this many times its bytes without holding half of it.
pub(crate) const QUIET_TURNOVERS_MAX: usize = 16;

/// A line of the caches of the processors this is measured on. Only speed depends on it.
pub(crate) const CACHE_LINE_BYTES: usize = 64;

/// Our own records are taken from the page source in pieces of this size on an operating system.
pub(crate) const RECORD_CHUNK_BYTES: usize = 64 << 10;

/// The least fixed storage that a backend works in.
pub const FIXED_BYTES_MIN: usize = 16 << 10;

const _: () = {
    assert!(UNIT_BYTES.is_power_of_two() && REGION_BYTES.is_power_of_two());
    assert!(REGION_BYTES / UNIT_BYTES <= REGION_UNITS_MAX);
    assert!(
        RESERVE_BYTES_MAX.is_multiple_of(REGION_BYTES) && RESERVE_BYTES_FIRST.is_multiple_of(REGION_BYTES)
    );
    assert!(TAIL_BYTES_MAX.is_multiple_of(UNIT_BYTES));
    assert!(OWN_RUN_BYTES_MIN <= TAIL_BYTES_MAX);
    assert!(CACHE_BYTES_MAX >= UNIT_BYTES);
    // An OS page has at most the size of a unit, so that a 16-bit count of the parts that touch it cannot overflow.
    assert!(UNIT_BYTES / PART_ALIGN < u16::MAX as usize);
    assert!(TAIL_BYTES_MIN.is_multiple_of(PART_ALIGN));
};
