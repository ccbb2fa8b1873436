/* Statistics of the heap that libcompiler_alloc_malloc brings.
 *
 * All sizes are in bytes. The functions may be called at any time and by any thread. A program that must also run without the
 * library declares those that it uses as weak symbols and asks whether they are there.
 */
#ifndef COMPILER_ALLOC_H
#define COMPILER_ALLOC_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the process holds. Later versions add fields at the end. */
struct compiler_alloc_stats {
    size_t heap_live_bytes; /* in slabs and large allocations */
    size_t live_peak_bytes; /* the most that was ever live */
    size_t idle_bytes;      /* committed, and in nobody's use */
    size_t committed_bytes; /* committed, whoever has it */
    size_t reserved_bytes;  /* address space for blocks */
    size_t record_bytes;    /* address space for the heap's own records */
    size_t purged_bytes;    /* given back to the system so far */
    size_t threads;         /* threads that have accounts */
};

/* What is in use of one size class. Later versions add fields at the end. */
struct compiler_alloc_class {
    size_t block_bytes; /* of a block; 0 for large allocations, whose sizes differ */
    size_t spans;       /* slabs, or large allocations */
    size_t span_bytes;  /* of these */
    size_t blocks;      /* that the program has, of all slabs but those of other running threads */
    size_t blocks_max;  /* with those of other running threads: at most so many */
};

/* Writes at most `room_bytes` bytes of the statistics to `stats` and returns how many this version of the library has. */
size_t compiler_alloc_stats(struct compiler_alloc_stats *stats, size_t room_bytes);

/* Calls `visit` for every class that has spans: large allocations first, then by block size. Exact if no other thread runs. */
void compiler_alloc_visit_classes(void (*visit)(const struct compiler_alloc_class *use, void *context), void *context);

/* Validates every structure of the heap: 0 if all is well, else 1 and a line on standard error. Exact if no other thread runs. */
int compiler_alloc_check(void);

/* Prints the statistics, or what was not freed, to standard error, as the environment asks for at exit. */
void compiler_alloc_print_stats(void);
void compiler_alloc_print_leaks(void);

#ifdef __cplusplus
}
#endif

#endif
