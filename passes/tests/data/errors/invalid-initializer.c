struct S { int a; } s;
int f(int a) {
  struct S t = 1;
  int b[2] = a;
  int c = s;
  struct S u = s;
  return u.a + t.a + b[0] + c;
}
