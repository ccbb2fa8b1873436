// Memory that the system may not drop, because the program locked it, is zero all the same when calloc says so.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

int main(void) {
    // Where locking is not allowed, what follows is the ordinary case.
    (void)mlockall(MCL_CURRENT | MCL_FUTURE);
    size_t first = 16u << 20, later = 2u << 20, dirty = 0;
    char *volatile block = malloc(first);
    if (!block) return 1;
    memset(block, 0xAA, first);
    free(block);
    for (int round = 0; round < 8; round++) {
        volatile char *zeroed = calloc(1, later);
        if (!zeroed) return 1;
        for (size_t i = 0; i < later; i++) dirty += zeroed[i] != 0;
    }
    printf("bytes of calloc that are not zero: %zu\n", dirty);
    return dirty != 0;
}
