struct S { int a; struct { int b; }; } s;
int f(struct S *p) {
  p->b = s.a;
  p->c = 1;
  return __builtin_offsetof(struct S, d);
}
struct S t = { .e = 1 };
