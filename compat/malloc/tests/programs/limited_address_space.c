/* Fills a limited address space with blocks of one size after the other. When all of them are freed, what the heap held is
   there for others: a thread's stack, and blocks of any size. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

static void *allocate(void *argument) {
    for (int i = 1; i < 200; i++) {
        void *block = malloc(i * 40), *longer = realloc(block, i * 80);
        free(longer ? longer : block);
    }
    return argument;
}

int main(void) {
    struct rlimit limit = {512u << 20, 512u << 20};
    if (setrlimit(RLIMIT_AS, &limit)) return 2;
    int threads = 0, rounds = 0;
    for (int round = 0; round < 2; round++)
        for (size_t bytes = 24; bytes < 400000; bytes *= 5) {
            void **held = NULL, **block;
            while ((block = malloc(bytes))) {
                *block = held;
                held = block;
            }
            while (held) {
                void **next = *held;
                free(held);
                held = next;
            }
            pthread_t thread;
            if (!pthread_create(&thread, NULL, allocate, NULL) && !pthread_join(thread, NULL)) threads++;
            rounds++;
        }
    printf("a thread began after every round: %s\n", threads == rounds ? "yes" : "NO");
    char *large = calloc(1, 300u << 20);
    printf("300 MB in one block: %s\n", large && !large[0] && !large[(300u << 20) - 1] ? "yes" : "NO");
    free(large);
    return 0;
}
