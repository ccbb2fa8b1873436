#define A 1
#ifdef A B
#else A
#endif A
#undef A A
#ifndef A B
#endif
#include "extra-tokens.h" more
#line 20 "extra-tokens.c" 3 4
#if 1
#endif 1
int a;
