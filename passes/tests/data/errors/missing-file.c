#if 0
#include "no-such-header.h"
#endif
int a;
#include "no-such-header.h"
int b = lost;
