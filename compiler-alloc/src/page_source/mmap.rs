//! Pages of the operating system: private anonymous mappings.
//!
//! A reservation is mapped readable and writable from the start; the kernel backs a page when it is first touched, so
//! committing needs no call. Decommitting is `MADV_DONTNEED`: resident memory falls at once, which `MADV_FREE` does
//! not promise.

use super::{Geometry, PageSource, SourceError, touch};
use crate::config;
use crate::sync::{AtomicBool, AtomicU8, AtomicU32, AtomicUsize, Ordering, const_fn};
use crate::units::round_up;
use core::ptr::NonNull;
use rustix::fs::{Mode, OFlags};
use rustix::mm::{Advice, MapFlags, MremapFlags, ProtFlags};
use syscalls::{Sysno, syscall};

/// Where Linux says whether huge pages are forced on everybody.
const HUGE_PAGE_POLICY: &core::ffi::CStr = c"/sys/kernel/mm/transparent_hugepage/enabled";

/// Bits of an address that user space may have.
const ADDRESS_BITS: u32 = if usize::BITS == 64 { 48 } else { 31 };

/// Pages are moved at most this often in the life of a source.
const MOVES_MAX: u32 = 10_000;

/// Kernels from this version on look at the source of a move before they unmap its target.
const LOOKS_FIRST: (u32, u32) = (6, 17);

/// What is known of the kernel in that.
const KERNEL_UNREAD: u8 = 0;
const KERNEL_UNMAPS_FIRST: u8 = 1;
const KERNEL_LOOKS_FIRST: u8 = 2;

/// What is known about forced huge pages.
const POLICY_UNREAD: u8 = 0;
const POLICY_ASKED: u8 = 1;
const POLICY_FORCED: u8 = 2;

/// The page source of an operating system with `mmap`.
///
/// Huge pages are never asked for; where the system forces them on every mapping (`always`), reservations are opted
/// out, because the arenas' profile must not have them.
///
/// It keeps no list of its reservations: a private anonymous mapping, readable and writable, that somebody else made may be
/// used in its calls as if it had been reserved here.
///
/// ```
/// use compiler_alloc::page_source::{MmapPages, PageSource};
/// let pages = MmapPages::new();
/// let base = pages.reserve(2 << 20, 2 << 20)?;
/// assert_eq!(base.as_ptr() as usize % (2 << 20), 0);
/// // SAFETY: exactly the reservation above, which nothing uses.
/// unsafe { pages.release(base, 2 << 20) };
/// # Ok::<(), compiler_alloc::page_source::SourceError>(())
/// ```
#[derive(Debug, Default)]
pub struct MmapPages {
    huge_pages: AtomicU8,
    /// Bytes of the system's page; 0 until it was asked. Asking is a call, and every geometry needs it.
    page_bytes: AtomicUsize,
    /// How often pages were moved.
    moves: AtomicU32,
    /// How the kernel moves them.
    kernel: AtomicU8,
    /// Whether the system kept memory that was purged.
    purge_was_refused: AtomicBool,
}

impl MmapPages {
    const_fn! {
        /// A source; asks the system nothing before the first reservation.
        pub const fn new() -> Self {
            MmapPages {
                huge_pages: AtomicU8::new(POLICY_UNREAD),
                page_bytes: AtomicUsize::new(0),
                moves: AtomicU32::new(0),
                kernel: AtomicU8::new(KERNEL_UNREAD),
                purge_was_refused: AtomicBool::new(false),
            }
        }
    }

    #[inline]
    fn page_bytes(&self) -> usize {
        match self.page_bytes.load(Ordering::Relaxed) {
            0 => self.ask_page_bytes(),
            known => known,
        }
    }

    #[cold]
    fn ask_page_bytes(&self) -> usize {
        let bytes = rustix::param::page_size();
        self.page_bytes.store(bytes, Ordering::Relaxed);
        bytes
    }

    fn huge_pages_are_forced(&self) -> bool {
        if self.huge_pages.load(Ordering::Relaxed) == POLICY_UNREAD {
            let policy = if policy_says(b"always") { POLICY_FORCED } else { POLICY_ASKED };
            self.huge_pages.store(policy, Ordering::Relaxed);
        }
        self.huge_pages.load(Ordering::Relaxed) == POLICY_FORCED
    }

    fn kernel_looks_first(&self) -> bool {
        if self.kernel.load(Ordering::Relaxed) == KERNEL_UNREAD {
            let looks_first = kernel_version() >= LOOKS_FIRST;
            self.kernel
                .store(if looks_first { KERNEL_LOOKS_FIRST } else { KERNEL_UNMAPS_FIRST }, Ordering::Relaxed);
        }
        self.kernel.load(Ordering::Relaxed) == KERNEL_LOOKS_FIRST
    }
}

/// Whether the system's policy for huge pages is this word; no, where it does not say.
pub(super) fn policy_says(word: &[u8]) -> bool {
    let Ok(file) = rustix::fs::open(HUGE_PAGE_POLICY, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()) else {
        return false;
    };
    let mut text = [0_u8; 64];
    matches!(rustix::io::read(&file, &mut text), Ok(length) if chosen_policy(&text[..length]) == word)
}

/// The word in brackets: the policy that is in force.
fn chosen_policy(text: &[u8]) -> &[u8] {
    let begin = text.iter().position(|&byte| byte == b'[').map_or(text.len(), |at| at + 1);
    let length = text[begin..].iter().position(|&byte| byte == b']').unwrap_or(0);
    &text[begin..begin + length]
}

fn refused(error: rustix::io::Errno) -> SourceError {
    SourceError::Refused { os_error: error.raw_os_error() }
}

fn map(bytes: usize) -> Result<NonNull<u8>, SourceError> {
    // What is reserved ahead of need is not charged before it is used. More than that is asked for by a single request,
    // and one for more memory than there is should be refused here and not when it is touched.
    let charged = if bytes > 2 * config::RESERVE_BYTES_MAX { MapFlags::empty() } else { MapFlags::NORESERVE };
    let flags = MapFlags::PRIVATE | charged;
    // SAFETY: needs that the mapping replaces none; the address is null and no fixed placement is asked for, so the
    // kernel chooses a range that is free.
    let base = unsafe {
        rustix::mm::mmap_anonymous(core::ptr::null_mut(), bytes, ProtFlags::READ | ProtFlags::WRITE, flags)
    };
    base.map_err(refused)
        .and_then(|base| NonNull::new(base.cast()).ok_or(SourceError::Refused { os_error: 12 }))
}

/// # Safety
/// - The range consists of whole pages mapped by [`map`] that nobody uses.
unsafe fn unmap(base: NonNull<u8>, bytes: usize) {
    if bytes != 0 {
        // SAFETY: needs an unused range of our own; the caller promises it, and nobody else knows the range.
        let result = unsafe { rustix::mm::munmap(base.as_ptr().cast(), bytes) };
        debug_assert!(result.is_ok(), "munmap refused a range of our own");
    }
}

/// Version of the kernel; `(0, 0)` if it does not say.
fn kernel_version() -> (u32, u32) {
    // Six texts of 65 bytes; the third is the release.
    let mut texts = [0_u8; 6 * 65];
    // SAFETY: needs room for the structure that the kernel writes; the texts are that.
    match unsafe { syscall!(Sysno::uname, texts.as_mut_ptr()) } {
        Ok(_) => version_in(&texts[2 * 65..3 * 65]),
        Err(_) => (0, 0),
    }
}

/// The first two numbers of a release.
fn version_in(release: &[u8]) -> (u32, u32) {
    let number = |digits: &[u8]| {
        digits.iter().fold(0_u32, |sum, digit| sum.saturating_mul(10).saturating_add((digit - b'0').into()))
    };
    let mut numbers = release.split(|byte| !byte.is_ascii_digit()).map(number);
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

/// Moves pages for kernels that unmap a target before they look at the source, without a hole into which another thread's mapping could
/// come when they refuse: first to a place that the kernel chooses, where nothing is unmapped, then onto the target. What is moved then
/// is one mapping, whatever the source was, so that nothing is left to refuse but a lack of mappings, which kernels look at first, or
/// of the kernel's own memory, of which so little is not refused.
///
/// # Safety
/// - As [`move_pages`](PageSource::move_pages).
unsafe fn move_in_two_steps(from: NonNull<u8>, to: NonNull<u8>, bytes: usize) -> bool {
    let flags = (MremapFlags::MAYMOVE | MremapFlags::DONTUNMAP).bits();
    // Asked here, because rustix leaves out the last argument, which the kernel reads although no target is given.
    // SAFETY: needs a range of our own that nobody else uses; the caller promises it. No target is given, so nothing is replaced.
    let answer = unsafe { syscall!(Sysno::mremap, from.as_ptr(), bytes, bytes, flags, 0_usize) };
    let Some(away) =
        answer.ok().and_then(|at| NonNull::new(core::ptr::with_exposed_provenance_mut::<u8>(at)))
    else {
        return false;
    };
    let (place, target) = (away.as_ptr().cast(), to.as_ptr().cast());
    // SAFETY: needs two ranges of our own that nobody else uses; the first was made above, and the caller promises the target.
    if unsafe { rustix::mm::mremap_fixed(place, bytes, bytes, MremapFlags::MAYMOVE, target) }.is_ok() {
        return true;
    }
    // SAFETY: needs two ranges of that many bytes that do not overlap; the pages were moved away from one, which stayed mapped.
    unsafe { from.copy_from_nonoverlapping(away, bytes) };
    // SAFETY: needs a mapping of our own that nobody uses; its contents are back where they were.
    unsafe { unmap(away, bytes) };
    false
}

// SAFETY: needs ranges that are free, usable and zero; the kernel gives exactly that for private anonymous mappings,
// and no range is unmapped before `release`.
unsafe impl PageSource for MmapPages {
    #[inline]
    fn geometry(&self) -> Geometry {
        let page_bytes = self.page_bytes().max(config::UNIT_BYTES / config::UNIT_PAGES_MAX);
        Geometry {
            page_bytes,
            unit_bytes: config::UNIT_BYTES,
            region_bytes: config::REGION_BYTES,
            reserve_bytes_max: config::RESERVE_BYTES_MAX,
            record_bytes_min: config::RECORD_CHUNK_BYTES,
            window_base: 0,
            window_bytes: 1 << ADDRESS_BITS,
        }
    }

    fn purged_reads_zero(&self) -> bool {
        // `MADV_DONTNEED` of private anonymous memory drops the pages; the next touch maps a zero page. Locked memory
        // (`mlockall`) the system does not drop.
        !self.purge_was_refused.load(Ordering::Relaxed)
    }

    fn reserve(&self, bytes: usize, align: usize) -> Result<NonNull<u8>, SourceError> {
        let no_room = SourceError::Refused { os_error: rustix::io::Errno::NOMEM.raw_os_error() };
        if !align.is_power_of_two() {
            return Err(refused(rustix::io::Errno::INVAL));
        }
        let mut base = map(bytes)?;
        if !base.as_ptr().addr().is_multiple_of(align) {
            // SAFETY: exactly the mapping made above, which nobody has seen.
            unsafe { unmap(base, bytes) };
            let slack = align - self.page_bytes();
            let wide = map(bytes.checked_add(slack).ok_or(no_room)?)?;
            let skip = round_up(wide.as_ptr().addr(), align).ok_or(no_room)? - wide.as_ptr().addr();
            // SAFETY: needs `skip` to stay inside the mapping; rounding up adds less than `align`, at most `slack`.
            base = unsafe { wide.add(skip) };
            // SAFETY: the part before the aligned range, whole pages that nobody uses.
            unsafe { unmap(wide, skip) };
            // SAFETY: needs to stay inside or one past the mapping; `skip + bytes` is at most its size.
            let end = unsafe { base.add(bytes) };
            // SAFETY: the part behind the aligned range, whole pages that nobody uses.
            unsafe { unmap(end, slack - skip) };
        }
        if self.huge_pages_are_forced() {
            // SAFETY: needs a mapping of our own; it was made above. The advice changes no contents.
            let _ = unsafe { rustix::mm::madvise(base.as_ptr().cast(), bytes, Advice::LinuxNoHugepage) };
        }
        Ok(base)
    }

    #[inline]
    unsafe fn commit(&self, _base: NonNull<u8>, _bytes: usize) -> Result<(), SourceError> {
        Ok(())
    }

    unsafe fn decommit(&self, base: NonNull<u8>, bytes: usize) {
        // SAFETY: needs that nobody relies on the contents; the caller promises that for the whole range.
        let result = unsafe { rustix::mm::madvise(base.as_ptr().cast(), bytes, Advice::LinuxDontNeed) };
        if result.is_err() {
            // Before anybody can get the range: the caller has it until this returns.
            self.purge_was_refused.store(true, Ordering::Relaxed);
        }
    }

    unsafe fn move_pages(&self, from: NonNull<u8>, to: NonNull<u8>, bytes: usize) -> bool {
        // Every move splits mappings, of which a process may have 65530; copying is always possible.
        if self.moves.fetch_add(1, Ordering::Relaxed) >= MOVES_MAX {
            self.moves.store(MOVES_MAX, Ordering::Relaxed);
            return false;
        }
        if !self.kernel_looks_first() {
            // SAFETY: the caller keeps the duties of `move_pages`, which are the same.
            return unsafe { move_in_two_steps(from, to, bytes) };
        }
        let flags = MremapFlags::MAYMOVE | MremapFlags::DONTUNMAP;
        let (from, to) = (from.as_ptr().cast(), to.as_ptr().cast());
        // SAFETY: needs two ranges of our own that nobody else uses; the caller promises them. The first stays mapped.
        unsafe { rustix::mm::mremap_fixed(from, bytes, bytes, flags, to) }.is_ok()
    }

    unsafe fn populate(&self, base: NonNull<u8>, bytes: usize) -> Result<(), SourceError> {
        // SAFETY: needs a mapping of our own; the caller promises one. The advice changes no contents.
        match unsafe { rustix::mm::madvise(base.as_ptr().cast(), bytes, Advice::LinuxPopulateWrite) } {
            // Kernels before 5.14 do not know the advice.
            Err(rustix::io::Errno::INVAL) => {
                // SAFETY: the caller keeps the duties of `populate`, of which these are a part.
                unsafe { touch(base, bytes, self.page_bytes()) };
                Ok(())
            }
            result => result.map_err(refused),
        }
    }

    unsafe fn lock(&self, base: NonNull<u8>, bytes: usize) -> Result<(), SourceError> {
        // SAFETY: needs a mapping of our own; the caller promises one. Locking changes no contents.
        unsafe { rustix::mm::mlock(base.as_ptr().cast(), bytes) }.map_err(refused)
    }

    unsafe fn unlock(&self, base: NonNull<u8>, bytes: usize) {
        // SAFETY: needs a mapping of our own; the caller promises one. Unlocking changes no contents.
        let result = unsafe { rustix::mm::munlock(base.as_ptr().cast(), bytes) };
        debug_assert!(result.is_ok(), "munlock refused a range of our own");
    }

    fn lock_bytes_max(&self) -> Option<usize> {
        let limit = rustix::process::getrlimit(rustix::process::Resource::Memlock);
        limit.current.map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX))
    }

    unsafe fn release(&self, base: NonNull<u8>, bytes: usize) {
        // SAFETY: needs an unused range that we mapped; the caller promises a whole reservation that nobody uses.
        unsafe { unmap(base, bytes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_in_force_is_the_word_in_brackets() {
        assert_eq!(chosen_policy(b"[always] madvise never\n"), b"always");
        assert_eq!(chosen_policy(b"always [madvise] never\n"), b"madvise");
        assert_eq!(chosen_policy(b"always madvise [never]\n"), b"never");
        assert_eq!(chosen_policy(b""), b"");
        assert_eq!(chosen_policy(b"[always"), b"");
    }

    #[test]
    fn pages_move_with_their_contents_or_stay_with_them() {
        let bytes = config::REGION_BYTES;
        // SAFETY: needs a word of memory that nobody uses; the reservations are the test's.
        let word = |base: NonNull<u8>| unsafe { &mut *base.as_ptr().wrapping_add(bytes - 8).cast::<u64>() };
        for kernel in [KERNEL_UNREAD, KERNEL_UNMAPS_FIRST] {
            let pages = MmapPages::new();
            pages.kernel.store(kernel, Ordering::Relaxed);
            let [from, to] = [(); 2].map(|()| pages.reserve(bytes, bytes).unwrap());
            *word(from) = 7;
            // SAFETY: needs two reservations that nobody else uses; they are the test's.
            assert!(unsafe { pages.move_pages(from, to, bytes) });
            assert_eq!((*word(from), *word(to)), (0, 7));
            // Advice for a half makes two mappings of one, which not every kernel moves together.
            // SAFETY: needs a mapping of our own; the reservation is the test's. The advice changes no contents.
            unsafe { rustix::mm::madvise(to.as_ptr().cast(), bytes / 2, Advice::LinuxDontFork) }.unwrap();
            // SAFETY: needs two reservations that nobody else uses; they are the test's.
            let is_moved = unsafe { pages.move_pages(to, from, bytes) };
            assert_eq!((*word(from), *word(to)), if is_moved { (7, 0) } else { (0, 7) });
            assert!(!is_moved || kernel == KERNEL_UNREAD, "two mappings cannot go away together");
            for base in [from, to] {
                // SAFETY: exactly a reservation made above, unused.
                unsafe { pages.release(base, bytes) };
            }
        }
    }

    #[test]
    fn the_version_is_the_first_two_numbers_of_the_release() {
        assert_eq!(version_in(b"6.18.44-generic\0\0"), (6, 18));
        assert_eq!(version_in(b"6.17-rc1\0"), (6, 17));
        assert_eq!(version_in(b"\0\0"), (0, 0));
        assert!(kernel_version() > (2, 6));
    }

    #[test]
    fn reservations_are_opted_out_of_forced_huge_pages() {
        let pages = MmapPages::new();
        pages.huge_pages.store(POLICY_FORCED, Ordering::Relaxed);
        let base = pages.reserve(config::REGION_BYTES, config::REGION_BYTES).unwrap();
        let smaps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let address = base.as_ptr().addr();
        let mut inside = false;
        let mut flags = None;
        for line in smaps.lines() {
            let range = line.split(' ').next().and_then(|range| range.split_once('-'));
            if let Some((low, high)) = range
                && let (Ok(low), Ok(high)) = (usize::from_str_radix(low, 16), usize::from_str_radix(high, 16))
            {
                inside = (low..high).contains(&address);
            }
            if inside && line.starts_with("VmFlags:") {
                flags = Some(line.to_string());
            }
        }
        assert!(flags.as_deref().is_some_and(|flags| flags.contains(" nh")), "{flags:?}");
        // SAFETY: exactly the reservation made above, unused.
        unsafe { pages.release(base, config::REGION_BYTES) };
    }
}
