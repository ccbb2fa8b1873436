struct S { int a; } s;
int f(int a);
int g(struct S s);
int h(void) {
  g(s);
  f(s);
  return g(1);
}
