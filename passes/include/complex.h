/* Goes on to the C library's header, which keeps these from a compiler of this version. */
#include_next <complex.h>
#if !defined CMPLX && (defined __USE_ISOC11 || defined __STDC_VERSION__ && __STDC_VERSION__ >= 201112L)
#define CMPLX(x, y) __builtin_complex((double)(x), (double)(y))
#define CMPLXF(x, y) __builtin_complex((float)(x), (float)(y))
#define CMPLXL(x, y) __builtin_complex((long double)(x), (long double)(y))
#endif
