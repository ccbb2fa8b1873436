struct S { int a; } s;
int f(int *p) {
  -p;
  ~1.5;
  !s;
  return 0;
}
typedef float floats __attribute__((vector_size(16)));
floats flipped(floats v) { return ~v; }
floats negated(floats v) { return !v; }
