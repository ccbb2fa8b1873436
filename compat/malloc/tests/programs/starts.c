/* Says how much memory the process has of its own, in kilobytes, and how many pages it faulted in; with an argument, after one
   allocation. The kilobytes are counted page by page (smaps_rollup): statm adds up counters that lag behind. Anonymous pages only:
   pages of a file that was just built count as private and dirty until the system has written them. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <stdio.h>

int main(int count, char **words) {
    (void)words;
    char text[2048] = {0};
    if (count > 1) free(malloc(1));
    int file = open("/proc/self/smaps_rollup", O_RDONLY);
    if (file < 0 || read(file, text, sizeof text - 1) <= 0) return 1;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    char *own = strstr(text, "Anonymous:");
    if (!own) return 1;
    long kilobytes = strtol(own + 10, NULL, 10);
    int length = snprintf(text, sizeof text, "%ld %ld\n", kilobytes, usage.ru_minflt);
    return write(1, text, (size_t)length) == length ? 0 : 1;
}
