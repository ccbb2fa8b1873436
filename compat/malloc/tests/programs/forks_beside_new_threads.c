/* Forks while other threads make threads, which begin and end their heaps; every child allocates and makes a thread. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FORKS = 150, THREADS = 4, BLOCKS = 200, LIVES_LEFT = 16, CHILD_SECONDS = 20 };
static atomic_int stop;

/* What a thread leaves behind. */
struct left {
    void *blocks[BLOCKS / 2];
};

/* Leaves every other block behind, so that slabs are abandoned and adopted; checks that none is somebody else's. */
static void *short_life(void *argument) {
    struct left *left = argument;
    unsigned char *blocks[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) {
        size_t bytes = 16 * (i % 60) + 8;
        blocks[i] = malloc(bytes);
        memset(blocks[i], i, bytes);
    }
    for (int i = 0; i < BLOCKS; i++)
        if (blocks[i][0] != (unsigned char)i) return left;
    for (int i = 0; i < BLOCKS; i += 2) {
        free(blocks[i]);
        left->blocks[i / 2] = blocks[i + 1];
    }
    return NULL;
}

static void clear(struct left *left) {
    for (int i = 0; i < BLOCKS / 2; i++) free(left->blocks[i]);
    memset(left, 0, sizeof *left);
}

/* What the last threads left stays a while and is freed here, so that a slow machine runs longer and not out of memory. */
static void *make_threads(void *unused) {
    struct left left[LIVES_LEFT] = {0};
    for (int next = 0; !atomic_load(&stop); next = (next + 1) % LIVES_LEFT) {
        clear(&left[next]);
        pthread_t thread;
        if (pthread_create(&thread, NULL, short_life, &left[next]) == 0) pthread_join(thread, NULL);
    }
    for (int i = 0; i < LIVES_LEFT; i++) clear(&left[i]);
    return unused;
}

static void child(void) {
    /* A child that waits for ever for a lock is ended by the alarm. */
    alarm(CHILD_SECONDS);
    for (int i = 0; i < BLOCKS; i++) free(malloc(i * 700 + 1));
    pthread_t thread;
    struct left left = {0};
    void *wrong = NULL;
    if (pthread_create(&thread, NULL, short_life, &left) != 0) _exit(2);
    pthread_join(thread, &wrong);
    _exit(wrong != NULL);
}

int main(void) {
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, make_threads, NULL);
    int ended_well = 0;
    for (int i = 0; i < FORKS; i++) {
        pid_t process = fork();
        if (process == 0) child();
        int status = -1;
        if (process > 0 && waitpid(process, &status, 0) == process && status == 0) ended_well++;
    }
    atomic_store(&stop, 1);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    printf("children that ended well: %d\n", ended_well);
    return ended_well != FORKS;
}
