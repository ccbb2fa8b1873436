int f(int a, int *p) {
  a.b;
  return p->b;
}
