/* What is ours beyond glibc 2.36: C23's sized frees, alignments that glibc 2.36 takes as they come, and malloc_trim. */
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void free_sized(void *block, size_t bytes);
void free_aligned_sized(void *block, size_t align, size_t bytes);

static void show(const char *what, int good) { printf("%s: %s\n", what, good ? "yes" : "NO"); }

int main(void) {
    for (size_t bytes = 0; bytes < 3000000; bytes = bytes * 2 + 1) {
        free_sized(malloc(bytes), bytes);
        free_aligned_sized(aligned_alloc(256, bytes), 256, bytes);
    }
    free_sized(NULL, 0);
    free_aligned_sized(NULL, 64, 0);
    show("blocks are freed by size", 1);
    errno = 0;
    show("aligned_alloc refuses alignment 24", aligned_alloc(24, 48) == NULL && errno == EINVAL);
    void *far = aligned_alloc((size_t)1 << 30, 16);
    show("an alignment of 1 GiB is served", far != NULL && (uintptr_t)far % ((size_t)1 << 30) == 0);
    free(far);
    errno = 0;
    show("one that no address space holds gets ENOMEM", aligned_alloc((size_t)1 << 62, 16) == NULL && errno == ENOMEM);
    show("malloc_trim answers 0 or 1", (unsigned)malloc_trim(0) <= 1);
    return 0;
}
