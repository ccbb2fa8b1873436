/* Says how much memory the process has resident, in kilobytes, and how many pages it faulted in; with an argument, after one
   allocation. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <stdio.h>

int main(int count, char **words) {
    (void)words;
    char text[256] = {0};
    if (count > 1) free(malloc(1));
    int file = open("/proc/self/statm", O_RDONLY);
    if (file < 0 || read(file, text, sizeof text - 1) <= 0) return 1;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    long pages = strtol(strchr(text, ' '), NULL, 10);
    int length = snprintf(text, sizeof text, "%ld %ld\n", pages * sysconf(_SC_PAGESIZE) / 1024, usage.ru_minflt);
    return write(1, text, (size_t)length) == length ? 0 : 1;
}
