/* Uses 96 MB, frees it, and says how many MB are resident then. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCKS = 96 };

int main(void) {
    char *blocks[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) memset(blocks[i] = malloc(1 << 20), 1, 1 << 20);
    for (int i = 0; i < BLOCKS; i++) free(blocks[i]);
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%*s %ld", &pages) != 1) return 2;
    printf("%ld\n", pages * sysconf(_SC_PAGESIZE) >> 20);
    return 0;
}
