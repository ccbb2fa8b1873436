#undef
#undef 1
#ifdef
#endif
#ifdef "a"
#endif
#ifndef
#endif
#include
#include x
#line x
#line 0x1
#line 1 file
#include ""
#define NOTHING
#include NOTHING
int a;
