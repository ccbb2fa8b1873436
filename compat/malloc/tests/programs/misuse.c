/* Frees that a program must not make: MODE says which. Afterwards the heap must still be right. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char in_data[4096];

static void *freeing(void *block) {
    free(block);
    return NULL;
}

/* The compiler knows what free means; this hides it. */
static void (*volatile release)(void *) = free;

static void misuse(const char *mode, char *block) {
    char on_stack[4096] = {0};
    pthread_t thread;
    if (!strcmp(mode, "double")) {
        release(block);
        release(block);
    } else if (!strcmp(mode, "interior")) {
        release(block + 8);
        release(block + 1);
    } else if (!strcmp(mode, "stack")) {
        release(on_stack + 64);
    } else if (!strcmp(mode, "static")) {
        release(in_data + 64);
    } else if (!strcmp(mode, "wild")) {
        release((void *)0x10);
        release((void *)0x7fff12345678);
        release((void *)0xdeadbeefdeadbeef);
        release((void *)(UINTPTR_MAX - 15));
    } else if (!strcmp(mode, "remote-double")) {
        pthread_create(&thread, NULL, freeing, block);
        pthread_join(thread, NULL);
        pthread_create(&thread, NULL, freeing, block);
        pthread_join(thread, NULL);
    }
}

int main(int count, char **words) {
    static char *blocks[1000];
    if (count != 3) return 2;
    size_t bytes = strtoul(words[2], NULL, 10);
    char *kept = malloc(bytes), *victim = malloc(bytes);
    memset(kept, 'k', bytes);
    misuse(words[1], victim);
    /* No block may be given out twice, and none that lives. */
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 1000; i++) {
            blocks[i] = malloc(bytes);
            memset(blocks[i], i & 0xff, bytes);
        }
        for (int i = 0; i < 1000; i++)
            for (size_t at = 0; at < bytes; at++)
                if (blocks[i][at] != (char)(i & 0xff)) return printf("block %d was given out twice\n", i), 1;
        for (int i = 0; i < 1000; i++) free(blocks[i]);
    }
    for (size_t at = 0; at < bytes; at++)
        if (kept[at] != 'k') return printf("a live block was changed\n"), 1;
    puts("the heap is whole");
    return 0;
}
