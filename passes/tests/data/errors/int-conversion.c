void f(int *p, int n);
int g(int *p, int n) {
  int a = p;
  p = n;
  n = p;
  p = 0;
  p = (void *)0;
  _Bool b = p;
  f(n, p);
  return p;
}
int *h(int n) {
  return n;
}
