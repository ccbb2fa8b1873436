//! What a heap of a process offers, written once for all profiles that have one.

/// Writes into a profile's module what every heap of a process has alike: how a call finds the thread's heap, `GlobalAlloc` for the
/// profile's type, the functions that allocate and free, and the handlers around `fork` and at a thread's end. What a profile
/// says of itself, and all that differs, stands in its own file.
macro_rules! process_faces {
    ($handle:ident, slot: $slot:ident, heap: $heap:ident, map: $map:ident, backend: $backend:expr, pages: $pages:ty, transfer: $transfer:ty) => {
        /// The calling thread's heap, found through statics and the slot.
        #[derive(Clone, Copy)]
        struct Own;

        // SAFETY: needs constant answers, which statics, the thread pointer and the slot give as long as the thread runs; a thread
        // heap that only this thread uses, which the slot is; and no reference to it during a call: `process_heap` makes one only
        // for the length of a call, and the handlers that the heap calls run before there is one (`first_use`) or make none
        // (`say_misuse`). Signal handlers must not allocate, here as with
        // any `malloc`.
        unsafe impl $crate::heap::Local<'static> for Own {
            type Pages = $pages;
            type Transfer = $transfer;

            #[inline(always)]
            fn heap(self) -> &'static $crate::heap::Heap<'static, $pages, $transfer> {
                &$heap
            }

            #[inline(always)]
            fn map(self) -> &'static $crate::heap::SlabMap {
                &$map
            }

            #[inline(always)]
            fn token(self) -> $crate::heap::ThreadToken {
                // SAFETY: needs a number that is not zero; a thread's control block is somewhere.
                let number = unsafe {
                    core::num::NonZeroUsize::new_unchecked($crate::profile::heap_slot::$slot::token_number())
                };
                // SAFETY: needs a number that no other thread heap in use has; a thread has one heap, which ends with the thread.
                unsafe { $crate::heap::ThreadToken::new(number) }
            }

            #[inline(always)]
            fn thread(self) -> core::ptr::NonNull<$crate::heap::ThreadHeap<'static, $pages, $transfer>> {
                let slot = $crate::profile::heap_slot::$slot::slot();
                // SAFETY: needs a pointer that is not null; the slot is somewhere.
                let slot = unsafe { core::ptr::NonNull::new_unchecked(slot) };
                // The heap is the slot's first field.
                slot.cast()
            }

            #[inline(always)]
            fn owns(self, owner: &$crate::heap::OwnerWord) -> bool {
                $crate::profile::heap_slot::$slot::is_token(owner)
            }

            #[inline(always)]
            unsafe fn list(self, list: usize) -> *mut $crate::free_list::Block {
                // SAFETY: needs a list of a class, which the caller promises, and no reference to the heap, as during any call.
                unsafe { $crate::profile::heap_slot::$slot::list(list) }
            }

            #[inline(always)]
            unsafe fn set_list(self, list: usize, first: *mut $crate::free_list::Block) {
                // SAFETY: as above; the caller promises the chain.
                unsafe { $crate::profile::heap_slot::$slot::set_list(list, first) }
            }
        }

        impl $crate::profile::process_heap::ProcessHeap for Own {
            fn backend(self) -> &'static $crate::span::SpanBackend<$pages> {
                $backend
            }

            fn exited(self) -> *mut bool {
                // SAFETY: needs a place inside the slot; it is one of its fields.
                unsafe { &raw mut (*$crate::profile::heap_slot::$slot::slot()).exited }
            }

            fn exit_hook(self) -> &'static $crate::profile::thread_exit::ExitHook {
                &EXIT
            }

            fn fork_handlers(self) -> &'static $crate::profile::fork::ForkHandlers {
                &FORK
            }
        }

        // SAFETY: needs blocks that are as large and as aligned as asked for, disjoint, and stay until they are given back: the heap
        // gives no others. Nothing here unwinds.
        unsafe impl core::alloc::GlobalAlloc for $handle {
            #[inline(always)]
            unsafe fn alloc(&self, layout: core::alloc::Layout) -> *mut u8 {
                $crate::heap::alloc_layout(Own, layout)
            }

            #[inline(always)]
            unsafe fn dealloc(&self, block: *mut u8, _layout: core::alloc::Layout) {
                // SAFETY: needs a pointer that is not null; the caller promises a live block.
                let block = unsafe { core::ptr::NonNull::new_unchecked(block) };
                // SAFETY: needs a live block of this heap that nobody uses again; the caller promises it.
                unsafe { $crate::heap::dealloc(Own, block) }
            }

            #[inline]
            unsafe fn alloc_zeroed(&self, layout: core::alloc::Layout) -> *mut u8 {
                $crate::heap::alloc_zeroed(Own, layout.size(), layout.align())
            }

            #[inline]
            unsafe fn realloc(&self, block: *mut u8, layout: core::alloc::Layout, bytes: usize) -> *mut u8 {
                // SAFETY: needs a live block of that alignment, which nobody uses if it moved; the caller promises it.
                unsafe { $crate::profile::process_heap::resize(Own, block, bytes, layout.align()) }
            }
        }

        /// Memory for `bytes` bytes, aligned to 16; for none too. Null if there is none to be had.
        #[inline(always)]
        pub fn allocate(bytes: usize) -> *mut u8 {
            $crate::heap::alloc(Own, bytes)
        }

        /// The block that the thread's list has for `bytes` bytes, if it has one: the fast path of [`allocate`] alone, without its
        /// call of the slow one.
        ///
        /// # Errors
        /// The list has none, or no list serves so many bytes.
        #[inline(always)]
        pub fn allocate_listed(bytes: usize) -> Result<core::ptr::NonNull<u8>, $crate::heap::Miss> {
            $crate::heap::pop_bytes(Own, bytes)
        }

        /// What [`allocate`] tries next, when the list has no block: the blocks that the thread itself freed of the slab from which it
        /// allocated last. No call.
        ///
        /// # Safety
        /// - [`allocate_listed`] just answered this miss.
        #[inline(always)]
        pub unsafe fn allocate_queued(miss: $crate::heap::Miss) -> Option<core::ptr::NonNull<u8>> {
            // SAFETY: needs a miss; the caller promises it.
            unsafe { $crate::heap::pop_queued(Own, miss) }
        }

        /// What [`allocate`] does when [`allocate_queued`] finds nothing either.
        ///
        /// # Safety
        /// - [`allocate_listed`] just answered this miss, for as many bytes.
        #[inline]
        pub unsafe fn allocate_slow(bytes: usize, miss: $crate::heap::Miss) -> *mut u8 {
            // SAFETY: needs the miss of this size; the caller promises it.
            unsafe { $crate::heap::alloc_slow(Own, bytes, miss) }
        }

        /// Memory for `bytes` bytes, aligned to `align`, a power of two. Null if there is none to be had.
        #[inline]
        pub fn allocate_aligned(bytes: usize, align: usize) -> *mut u8 {
            $crate::heap::alloc_aligned(Own, bytes, align)
        }

        /// Memory for `bytes` bytes, all zero and aligned to 16. Null if there is none to be had.
        #[inline]
        pub fn allocate_zeroed(bytes: usize) -> *mut u8 {
            $crate::heap::alloc_zeroed(Own, bytes, 16)
        }

        /// Gives a block back. Null does nothing; what is not the beginning of a block changes nothing and is reported once.
        ///
        /// # Safety
        /// - If a block begins at `block`, it was given out and not freed since, and nobody uses it again.
        #[inline(always)]
        pub unsafe fn free(block: *mut u8) {
            // SAFETY: needs that nobody uses the block again; the caller promises it.
            unsafe { $crate::heap::free(Own, block) }
        }

        /// The block with room for `bytes` bytes and the same contents up to the smaller of its two sizes, perhaps elsewhere. Null if
        /// there is no memory for it or if no block begins there; then nothing was changed. Of null it makes a new block.
        ///
        /// # Safety
        /// - If a block begins at `block`, it was given out and not freed since; if the answer is another pointer, nobody uses it
        ///   again.
        #[inline]
        pub unsafe fn reallocate(block: *mut u8, bytes: usize) -> *mut u8 {
            // SAFETY: the caller promises what is asked; 16 is what every block is aligned to, or the caller does not care.
            unsafe { $crate::profile::process_heap::resize(Own, block, bytes, 16) }
        }

        /// How many bytes the block has; 0 if none begins there. Any address may be asked for.
        #[inline]
        pub fn usable_bytes(block: *const u8) -> usize {
            $heap.usable_bytes(block)
        }

        /// Bytes of the system's page.
        pub fn page_bytes() -> usize {
            $backend.geometry().page_bytes
        }

        /// Validates the span backend, and the calling thread's slabs and lists. Takes the backend's lock; cost: all spans, and the
        /// free blocks of the thread. The slabs of other threads, which may be using them, are not looked at.
        ///
        /// # Errors
        /// The first statement that does not hold: corruption or misuse. While other threads are in the middle of calls, sums of
        /// the backend may be off for a moment.
        pub fn check() -> Result<(), $crate::span::CheckError> {
            $crate::profile::process_heap::check(Own)
        }

        fn first_use() -> bool {
            $crate::profile::process_heap::first_use(Own)
        }

        static EXIT: $crate::profile::thread_exit::ExitHook =
            $crate::profile::thread_exit::ExitHook::new(thread_ends);

        unsafe extern "C" fn thread_ends(value: *mut core::ffi::c_void) {
            if EXIT.is_the_end(value) {
                $crate::profile::process_heap::end_thread(Own);
            }
        }

        /// Of this heap and of its backend.
        pub(super) static FORK: $crate::profile::fork::ForkHandlers =
            $crate::profile::fork::ForkHandlers::new(before_fork, after_fork_in_parent, after_fork_in_child);

        unsafe extern "C" fn before_fork() {
            $heap.before_fork();
            $backend.before_fork();
        }

        unsafe extern "C" fn after_fork_in_parent() {
            // SAFETY: needs that this thread called `before_fork` and has not called this since; the system calls the handlers in pairs.
            unsafe { $backend.after_fork_in_parent() };
            // SAFETY: as above.
            unsafe { $heap.after_fork_in_parent() }
        }

        unsafe extern "C" fn after_fork_in_child() {
            // SAFETY: needs that this is the only thread, a copy of one that called `before_fork`, and that only it used the heap since,
            // in the program's own handlers; the system calls the handlers in pairs, and in a child there is one thread.
            unsafe { $backend.after_fork_in_child() };
            // SAFETY: as above; the token is that of the only thread.
            unsafe { $heap.after_fork_in_child($crate::heap::Local::token(Own)) }
        }
    };
}

pub(super) use process_faces;
