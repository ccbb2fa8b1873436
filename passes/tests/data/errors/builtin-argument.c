int f(int a, double d, struct S *p) {
  int r = __builtin_isnan(d) + __builtin_isnan(a);
  r += __builtin_isinf(p);
  r += __builtin_signbit(1.0f);
  return r;
}
int plain;
const int fixed;
_Atomic int shared;
enum color { red } color;
_Bool truth;
void incomplete(enum unknown *e, float *f, __builtin_va_list list) {
  __builtin_add_overflow(plain, 1.0, &plain);
  __builtin_add_overflow(1, 2, plain);
  __builtin_sub_overflow(1, 2, &fixed);
  __builtin_mul_overflow(1, 2, &shared);
  __builtin_mul_overflow(1, 2, &color);
  __builtin_mul_overflow(1, 2, &truth);
  __builtin_add_overflow_p(1, 2, (char)0);
  __builtin_add_overflow_p(1, 2, 0.0);
  __builtin_alloca_with_align(8, 64);
  __builtin_alloca_with_align(8, 12);
  __builtin_alloca_with_align(8, plain);
  __atomic_load_n(e, 0);
  __atomic_load_n(f, 0);
  __atomic_load_n(plain, 0);
  __atomic_load_n(&plain, 0);
  __atomic_load((void *)0, &plain, 0);
  __atomic_load(&plain, plain, 0);
  __atomic_exchange(&plain, incomplete, &plain, 0);
  __sync_fetch_and_add(f, 1);
  __sync_fetch_and_add(&plain, 1);
  (void)__builtin_va_arg(list, int(void));
  (void)__builtin_va_arg(0, int);
}
int no_float(int i) { return __builtin_fpclassify(0, 0, 0, 0, 0, i); }
typedef int two_ints __attribute__((vector_size(8)));
typedef float two_floats __attribute__((vector_size(8)));
typedef float four_floats __attribute__((vector_size(16)));
void converts(two_ints ints) {
  (void)__builtin_convertvector(ints, two_floats);
  (void)__builtin_convertvector(ints, four_floats);
  (void)__builtin_convertvector(ints, int);
  (void)__builtin_convertvector(1, two_floats);
}
float of_float(float);
double of_double(double);
void calls_by_type(struct S *p, float f) {
  __builtin_tgmath(of_float, of_double, f);
  __builtin_tgmath(of_float, of_double, p);
  __builtin_tgmath(of_float, of_double, 1.0L);
}
void makes_complex(float f, double d, int i) {
  (void)__builtin_complex(f, f);
  (void)__builtin_complex(f, d);
  (void)__builtin_complex(i, i);
}
