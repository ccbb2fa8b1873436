struct S { int a; } s;
int f(int *p, int *q) {
  p + q;
  p * 2;
  s + 1;
  1.5 % 2;
  return 1 << 1.5;
}
typedef int ints __attribute__((vector_size(16)));
typedef unsigned unsigneds __attribute__((vector_size(16)));
typedef float floats __attribute__((vector_size(16)));
ints i;
unsigneds u;
floats real;
void vectors(void) {
  i + u;
  i + real;
  real * real;
}
_Complex double number;
int ordered(void) { return number < 1; }
int same(void) { return number == 1; }
