/* Loads and unloads the library named by its argument, in several threads; every other time so that the library looks for its
   symbols in the C library before it looks in the program. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *path;

static void *use(void *argument) {
    for (int round = 0; round < 50; round++) {
        void *library = dlopen(path, round % 2 ? RTLD_NOW : RTLD_NOW | RTLD_DEEPBIND);
        if (!library) return printf("%s\n", dlerror()), argument;
        char *(*word)(void) = (char *(*)(void))dlsym(library, "plugin_word");
        void (*end)(void) = (void (*)(void))dlsym(library, "plugin_end_thread");
        char *answer = word();
        end();
        if (dlsym(library, "no_such_symbol")) return argument;
        (void)dlerror();
        dlclose(library);
        if (strcmp(answer, "the plugin's own")) return argument;
        free(answer);
    }
    return NULL;
}

int main(int count, char **words) {
    if (count != 2) return 2;
    path = words[1];
    pthread_t threads[4];
    int failed = 0;
    for (size_t i = 0; i < 4; i++) pthread_create(&threads[i], NULL, use, &threads[i]);
    for (int i = 0; i < 4; i++) {
        void *answer;
        pthread_join(threads[i], &answer);
        failed += answer != NULL;
    }
    printf("%d threads failed\n", failed);
    return failed;
}
