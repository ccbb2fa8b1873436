struct S { int a; } s;
struct T { int a; } t;
int f(int a) {
  s = t;
  a = s;
  return s;
}
typedef int ints __attribute__((vector_size(16)));
typedef short shorts __attribute__((vector_size(16)));
ints i;
shorts other;
void vectors(void) {
  i = other;
  i = (ints)other;
}
