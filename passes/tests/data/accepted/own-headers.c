// Headers of the compiler's own that are no part of the standard.
#include <cpuid.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdnoreturn.h>
#include <unwind.h>

int has_avx2(void) {
  unsigned int a, b, c, d, signature;
  if (__get_cpuid_max(0, &signature) < 7 || signature != signature_INTEL_ebx)
    return 0;
  __cpuid_count(7, 0, a, b, c, d);
  return __get_cpuid(1, &a, &b, &c, &d) && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_AVX2) != 0;
}

static _Unwind_Reason_Code step(struct _Unwind_Context *context, void *count) {
  ++*(int *)count;
  return _Unwind_GetIP(context) ? _URC_NO_REASON : _URC_END_OF_STACK;
}

int depth(void) {
  int count = 0;
  return _Unwind_Backtrace(step, &count) == _URC_END_OF_STACK ? count : -1;
}

// Behind the others, because its macros have the names of functions.
#include <tgmath.h>

static float f;
static double d;
static long double l;
static _Complex float cf;
static _Complex double cd;
static int i;
#define IS(type, ...) _Static_assert(_Generic((__VA_ARGS__), type: 1), #__VA_ARGS__)
IS(float, sin(f));
IS(double, sin(i));
IS(long double, sqrt(l));
IS(_Complex float, sin(cf));
IS(_Complex double, pow(f, cd));
IS(double, pow(f, i));
IS(float, fabs(cf));
IS(float, creal(f));
IS(double, carg(i));
IS(_Complex double, conj(d));
IS(float, ldexp(f, 3));
IS(long, lrint(l));
IS(double, fma(f, f, d));
IS(long double, remquo(f, l, &i));
IS(float, nexttoward(f, l));
double angle(double x) { return atan2(sin(x) + cos(x), exp(x)); }
static _Complex double made = CMPLX(1.0, 2);
IS(_Complex float, CMPLXF(1, 2.0));
IS(_Complex long double, __builtin_complex(1.0L, 2.0L));
