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
