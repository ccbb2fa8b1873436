/* Reads the statistics through the C header and checks them against what the program did. */
#include "../../include/compiler_alloc.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCKS = 1000 };
static void *blocks[BLOCKS];

static void show(const char *what, int good) { printf("%s: %s\n", what, good ? "yes" : "NO"); }

struct wanted {
    size_t block_bytes, blocks, blocks_max, classes;
};

static void visit(const struct compiler_alloc_class *use, void *context) {
    struct wanted *wanted = context;
    wanted->classes++;
    if (use->block_bytes == wanted->block_bytes) {
        wanted->blocks = use->blocks;
        wanted->blocks_max = use->blocks_max;
    }
}

static struct wanted of(size_t block_bytes) {
    struct wanted wanted = {.block_bytes = block_bytes};
    compiler_alloc_visit_classes(visit, &wanted);
    return wanted;
}

static void *in_thread(void *argument) {
    for (int i = 0; i < BLOCKS; i++) blocks[i] = malloc(700);
    return argument;
}

int main(void) {
    struct compiler_alloc_stats before, after;
    memset(&after, 0x55, sizeof after);
    show("the structure is as long as the library's", compiler_alloc_stats(&before, sizeof before) == sizeof before);
    size_t had = of(704).blocks;
    pthread_t thread;
    pthread_create(&thread, NULL, in_thread, NULL);
    pthread_join(thread, NULL);
    show("blocks of a thread that ended are counted", of(704).blocks == had + BLOCKS && of(704).blocks_max == had + BLOCKS);
    compiler_alloc_stats(&after, sizeof after.heap_live_bytes);
    show("what is held grows with them", after.heap_live_bytes >= before.heap_live_bytes + BLOCKS * 700);
    show("no more is written than there is room for", after.live_peak_bytes == (size_t)0x5555555555555555);
    for (int i = 0; i < BLOCKS; i++) free(blocks[i]);
    show("freed ones are not", of(704).blocks == had);
    void *large = malloc(1 << 20);
    show("large allocations are a class of their own", of(0).blocks == 1);
    free(large);
    show("the heap is valid", compiler_alloc_check() == 0);
    return 0;
}
