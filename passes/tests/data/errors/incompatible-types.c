struct S { int a; } s;
struct T { int a; } t;
int f(int a) {
  s = t;
  a = s;
  return s;
}
