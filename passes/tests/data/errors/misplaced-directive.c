#define one(a) a
int a = one(
#include "no-such-header.h"
1);
