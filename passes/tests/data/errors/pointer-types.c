struct S { int a; };
void f(int *p);
int *g(char *c, int *i, unsigned *u, void *v, struct S *s, int (*a)[3]) {
  i = c;
  i = u;
  i = v;
  v = s;
  int *p = s;
  f(a);
  int (*to)(int) = g;
  return c;
}
