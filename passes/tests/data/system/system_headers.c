#define _GNU_SOURCE
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <float.h>
#include <inttypes.h>
#include <iso646.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>
int limits[] = { INT_MIN, INT_MAX, CHAR_BIT, UINT64_MAX, PATH_MAX, MB_LEN_MAX };
double most = DBL_MAX; long double least = LDBL_MIN;
void check(int argc) { assert(argc > 1 && "a \"message\""); errno = EINVAL; isdigit('0'); }
static char text[] = "%" PRId64; int bits = INT64_C(1) and UINT32_C(2);
