/* Leaves three blocks behind. */
#include <stdio.h>
#include <stdlib.h>

static void *volatile left[3];

int main(void) {
    for (int i = 0; i < 3; i++) left[i] = malloc(100);
    free(malloc(100));
    puts("done");
    return 0;
}
