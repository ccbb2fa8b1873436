//! A C frontend whose passes allocate from `compiler_alloc` arenas.
