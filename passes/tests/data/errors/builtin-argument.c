int f(int a, double d, struct S *p) {
  int r = __builtin_isnan(d) + __builtin_isnan(a);
  r += __builtin_isinf(p);
  r += __builtin_signbit(1.0f);
  return r;
}
