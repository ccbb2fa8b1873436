/* The corners of the C and POSIX functions, one line each. Everything here has one right answer under glibc and under us. */
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *reallocarray(void *block, size_t count, size_t bytes);

static const char *error_name(void) {
    return errno == 0 ? "0" : errno == ENOMEM ? "ENOMEM" : errno == EINVAL ? "EINVAL" : "other";
}

static void show(const char *what, int good) {
    printf("%s: %s, errno %s\n", what, good ? "yes" : "NO", error_name());
    errno = 0;
}

static int all_zero(const unsigned char *bytes, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (bytes[i] != 0) return 0;
    return 1;
}

/* Keeps the compiler from knowing what is asked for. */
static volatile size_t huge = SIZE_MAX;

int main(void) {
    errno = 0;
    char *a = malloc(0), *b = malloc(0);
    show("malloc(0) gives blocks of their own", a != NULL && b != NULL && a != b);
    free(a);
    free(b);
    free(NULL);
    show("free(NULL) does nothing", 1);
    show("malloc(SIZE_MAX) fails", malloc(huge) == NULL);
    show("malloc(SIZE_MAX - 15) fails", malloc(huge - 15) == NULL);
    show("malloc(SIZE_MAX / 2 + 1) fails", malloc(huge / 2 + 1) == NULL);
    show("malloc(SIZE_MAX / 2 - 4096) fails", malloc(huge / 2 - 4096) == NULL);
    show("calloc that overflows fails", calloc(huge / 2, 3) == NULL);
    show("calloc that overflows to 0 fails", calloc((huge >> 1) + 1, 2) == NULL);
    char *none = calloc(0, 8);
    show("calloc(0, 8) gives a block", none != NULL);
    free(none);

    int zero = 1, aligned = 1;
    for (size_t bytes = 1; bytes < 3000000; bytes = bytes * 3 / 2 + 1) {
        for (int again = 0; again < 3; again++) {
            unsigned char *block = calloc(1, bytes);
            zero &= all_zero(block, bytes);
            aligned &= (uintptr_t)block % 16 == 0;
            memset(block, 0xA5, malloc_usable_size(block));
            free(block);
        }
    }
    show("calloc is zero also in memory that was used", zero);
    show("every block is aligned to 16", aligned);

    int usable = 1;
    for (size_t bytes = 0; bytes < 5000000; bytes = bytes * 5 / 4 + 1) {
        char *block = malloc(bytes);
        usable &= malloc_usable_size(block) >= bytes;
        memset(block, 1, malloc_usable_size(block));
        free(block);
    }
    show("usable size is at least what was asked", usable);
    show("usable size of NULL is 0", malloc_usable_size(NULL) == 0);

    char *grown = malloc(1);
    grown[0] = 'x';
    int kept = 1;
    for (size_t bytes = 2; bytes < 9000000; bytes = bytes * 3 / 2 + 1) {
        grown = realloc(grown, bytes);
        for (size_t i = bytes / 3 * 2 + 2; i < bytes; i++) grown[i] = (char)i;
        kept &= grown[0] == 'x';
    }
    grown[1] = 'y';
    for (size_t bytes = 9000000; bytes > 2; bytes /= 2) {
        grown = realloc(grown, bytes);
        kept &= grown[0] == 'x' && grown[1] == 'y';
    }
    show("realloc keeps contents up and down", kept);
    show("a realloc that is too large fails", realloc(grown, huge / 2) == NULL);
    show("and leaves the block", grown[0] == 'x' && grown[1] == 'y');
    show("realloc(block, 0) frees and gives NULL", realloc(grown, 0) == NULL);
    grown = realloc(NULL, 10);
    show("realloc(NULL, 10) is malloc", grown != NULL && malloc_usable_size(grown) >= 10);
    show("reallocarray that overflows fails", reallocarray(grown, huge / 2, 3) == NULL);
    grown = reallocarray(grown, 10, 10);
    show("reallocarray grows", grown != NULL && malloc_usable_size(grown) >= 100);
    free(grown);

    void *place = (void *)0x1234;
    show("posix_memalign refuses alignment 0", posix_memalign(&place, 0, 8) == EINVAL);
    show("posix_memalign refuses alignment 4", posix_memalign(&place, 4, 8) == EINVAL);
    show("posix_memalign refuses alignment 24", posix_memalign(&place, 24, 8) == EINVAL);
    int answer = posix_memalign(&place, 64, huge / 2);
    errno = 0; /* which posix_memalign may set or leave */
    show("posix_memalign answers ENOMEM", answer == ENOMEM);
    show("and stores nothing", place == (void *)0x1234);
    for (size_t align = 8; align <= 2 << 20; align *= 2) {
        int good = 1;
        for (size_t bytes = 0; bytes < 600000; bytes = bytes * 7 + 5) {
            good &= posix_memalign(&place, align, bytes) == 0 && (uintptr_t)place % align == 0;
            good &= malloc_usable_size(place) >= bytes;
            memset(place, 7, bytes);
            place = realloc(place, bytes + 1000);
            good &= bytes == 0 || ((char *)place)[bytes - 1] == 7;
            free(place);
        }
        char what[64];
        snprintf(what, sizeof what, "posix_memalign to %zu", align);
        errno = 0; /* a call that succeeds may leave anything there */
        show(what, good);
    }
    place = aligned_alloc(64, 100);
    show("aligned_alloc takes sizes that are no multiple", place != NULL && (uintptr_t)place % 64 == 0);
    free(place);
    place = memalign(48, 100);
    show("memalign rounds the alignment up", place != NULL && (uintptr_t)place % 64 == 0);
    free(place);
    place = memalign(huge / 2 + 2, 100);
    show("memalign refuses what has no power of two", place == NULL);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    place = valloc(10);
    show("valloc begins at a page", place != NULL && (uintptr_t)place % page == 0);
    free(place);
    place = pvalloc(page + 1);
    show("pvalloc gives whole pages", (uintptr_t)place % page == 0 && malloc_usable_size(place) >= 2 * page);
    free(place);
    show("pvalloc that overflows fails", pvalloc(huge) == NULL);

    errno = 77;
    for (size_t bytes = 1; bytes < 40000000; bytes *= 3) free(malloc(bytes));
    printf("free keeps errno: %s\n", errno == 77 ? "yes" : "NO");
    return 0;
}
