#foo
#error  a   message
#warning careful
#define
#define 1
#define defined
#define f(a
#define g(a, a) a
#define h(1)
#define p ## x
#define q(a) #b
#undef
#ifdef
#endif extra
#else
#endif
#elif 1
#include
#include x
#line 0x
#line 5 6
int ok;
#if 1
#else
#else
#endif
#define twice 1
#define twice 2
#define twice 2
#define __FILE__ 1
#pragma GCC poison evil
evil
#ident nothing
#assert
