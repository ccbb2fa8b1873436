int f(int a, int *p) {
  a[1];
  return p[1.5];
}
