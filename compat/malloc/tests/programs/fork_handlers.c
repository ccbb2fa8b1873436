/* Handlers around `fork` that were registered before the program allocated anything, and allocate themselves, also what takes locks. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FORKS = 20, BLOCKS = 40, SECONDS_MAX = 60 };
static atomic_int stop;
static atomic_int handled;

static void use_the_heap(void) {
    unsigned char *blocks[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) {
        size_t bytes = (size_t)i * i * 100 + 1;
        blocks[i] = malloc(bytes);
        memset(blocks[i], i, bytes);
    }
    for (int i = 0; i < BLOCKS; i++) {
        if (blocks[i][0] != i) abort();
        free(blocks[i]);
    }
}

static void handle(void) {
    use_the_heap();
    atomic_fetch_add(&handled, 1);
}

static void *work(void *unused) {
    while (!atomic_load(&stop)) use_the_heap();
    return unused;
}

int main(void) {
    pthread_atfork(handle, handle, handle);
    /* Who waits for ever for a lock is ended by the alarm. */
    alarm(SECONDS_MAX);
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) pthread_create(&threads[i], NULL, work, NULL);
    int well = 0;
    for (int i = 0; i < FORKS; i++) {
        pid_t child = fork();
        if (child == 0) {
            alarm(SECONDS_MAX);
            use_the_heap();
            pthread_t thread;
            atomic_store(&stop, 1);
            if (pthread_create(&thread, NULL, work, NULL) == 0) pthread_join(thread, NULL);
            _exit(0);
        }
        int status = 1;
        well += waitpid(child, &status, 0) == child && status == 0;
    }
    atomic_store(&stop, 1);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    /* Before and after, in the parent. */
    printf("children that ended well: %d, handlers run: %d\n", well, atomic_load(&handled));
    return 0;
}
