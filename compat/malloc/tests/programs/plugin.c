/* A library that is loaded and unloaded again and again; it allocates when it comes and frees when it goes. */
#include <stdlib.h>
#include <string.h>

static char *own;
static __thread char *for_thread;

__attribute__((constructor)) static void come(void) { own = strdup("the plugin's own"); }
__attribute__((destructor)) static void go(void) { free(own); }

char *plugin_word(void) {
    for_thread = realloc(for_thread, 5000);
    strcpy(for_thread, own);
    return strdup(for_thread);
}

void plugin_end_thread(void) {
    free(for_thread);
    for_thread = NULL;
}
