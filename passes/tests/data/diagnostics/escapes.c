int fine\u00e9, \U000000e9, dollar\u0024, a\u0300, "\u0041" '\u0030', C:\users;
int a\u0030b, \u0041;
int \u00a0x, b\u0060, \u0040;
int \u0300, \ud800, \U00110000;
1\u0041 1\u00e9
#if 0
\u0042
#define x\u0043
#endif
#include "escapes.h"
#include "escapes.h"
