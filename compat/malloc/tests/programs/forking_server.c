/* A server that forks for each request while its threads allocate; children allocate, make threads, and answer. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { REQUESTS = 60, THREADS = 3, BLOCKS = 200 };
static atomic_int stop;

static void *churn(void *argument) {
    unsigned state = (unsigned)(size_t)argument * 2654435761u + 1;
    char *blocks[BLOCKS] = {0};
    while (!atomic_load(&stop)) {
        state = state * 1664525u + 1013904223u;
        unsigned at = (state >> 8) % BLOCKS;
        free(blocks[at]);
        size_t bytes = (state >> 16) % 3000 + 1;
        if ((state & 1023) == 0) bytes += 100000;
        blocks[at] = malloc(bytes);
        memset(blocks[at], (int)at, bytes);
    }
    for (int i = 0; i < BLOCKS; i++) free(blocks[i]);
    return NULL;
}

static void *in_child(void *argument) {
    long sum = 0;
    for (int i = 0; i < 3000; i++) {
        size_t bytes = (size_t)(i * 37 % 2000 + 1);
        unsigned char *block = malloc(bytes), *other = malloc(bytes);
        memset(block, i & 0xff, bytes);
        memset(other, 1, bytes);
        sum += block[bytes - 1];
        free(block);
        free(other);
    }
    *(long *)argument = sum;
    return NULL;
}

static long serve(char **inherited) {
    long sum = 0, sums[THREADS];
    for (int i = 0; i < 50; i++) free(inherited[i]);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, in_child, &sums[i]);
    in_child(&sum);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        sum += sums[i];
    }
    return sum;
}

int main(void) {
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, churn, (void *)(i + 1));
    for (int request = 0; request < REQUESTS; request++) {
        char *inherited[50];
        for (int i = 0; i < 50; i++) inherited[i] = malloc((size_t)(i * 100 + 1));
        int ends[2];
        if (pipe(ends)) return 1;
        pid_t child = fork();
        if (child == 0) {
            long sum = serve(inherited);
            if (write(ends[1], &sum, sizeof sum) != sizeof sum) _exit(1);
            if (request % 2) _exit(0);
            exit(0);
        }
        long answer = -1;
        close(ends[1]);
        if (read(ends[0], &answer, sizeof answer) != sizeof answer) answer = -1;
        close(ends[0]);
        int status;
        waitpid(child, &status, 0);
        if (status != 0 || answer < 0) return printf("request %d: status %d, answer %ld\n", request, status, answer), 1;
        if (request == 0) printf("answer %ld\n", answer), fflush(stdout);
        for (int i = 0; i < 50; i++) free(inherited[i]);
    }
    atomic_store(&stop, 1);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    printf("%d requests served\n", REQUESTS);
    return 0;
}
