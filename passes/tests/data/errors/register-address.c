struct S { int a[2]; };
int *f(register int p) {
  register struct S s;
  register int n = 1;
  int *q = &n;
  q = &p;
  q = &s.a[1];
  return q;
}
