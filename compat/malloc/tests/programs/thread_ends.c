/* Allocation and free in everything that runs while a thread or the process ends. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 40, KEYS = 60 };
static pthread_key_t keys[KEYS];
static void *handed_over[THREADS][KEYS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int destructors, at_exit_ran;

/* Runs in every round that the system grants: frees, allocates, and comes again. */
static void destructor(void *value) {
    char *block = value;
    pthread_mutex_lock(&lock);
    destructors++;
    pthread_mutex_unlock(&lock);
    int round = block[0], key = block[1];
    free(block);
    if (round < 3) {
        block = malloc(1000 + (size_t)round * 40000);
        memset(block, 0, 1000);
        block[0] = (char)(round + 1);
        block[1] = (char)key;
        pthread_setspecific(keys[key], block);
    }
}

static void *work(void *argument) {
    size_t thread = (size_t)argument;
    for (int key = 0; key < KEYS; key++) {
        char *block = calloc(1, 16 + (size_t)key * 100);
        block[1] = (char)key;
        pthread_setspecific(keys[key], block);
        handed_over[thread][key] = malloc(32 + (size_t)key * 300);
        strcpy(handed_over[thread][key], "from a thread that ended");
    }
    /* Leaves something in the thread's error buffer, which the C library frees after everything else. */
    return strerror(4000 + (int)thread)[0] ? argument : NULL;
}

static char *for_exit;

static void at_exit(void) {
    free(for_exit);
    for_exit = strdup("allocated while the process ends");
    at_exit_ran = 1;
    printf("%s\n", for_exit);
    fflush(stdout);
}

__attribute__((destructor)) static void after_main(void) {
    free(for_exit);
    char *late = malloc(100000);
    memset(late, 1, 100000);
    free(late);
    printf("after main, at exit ran: %d\n", at_exit_ran);
    fflush(stdout);
}

int main(void) {
    pthread_t threads[THREADS];
    for_exit = malloc(100);
    atexit(at_exit);
    for (int key = 0; key < KEYS; key++) pthread_key_create(&keys[key], destructor);
    for (int round = 0; round < 5; round++) {
        for (size_t i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, work, (void *)i);
        for (size_t i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
        for (size_t i = 0; i < THREADS; i++)
            for (int key = 0; key < KEYS; key++) {
                if (strcmp(handed_over[i][key], "from a thread that ended")) return 1;
                free(handed_over[i][key]);
            }
    }
    printf("%d destructors\n", destructors);
    return 0;
}
