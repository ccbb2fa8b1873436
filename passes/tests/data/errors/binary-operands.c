struct S { int a; } s;
int f(int *p, int *q) {
  p + q;
  p * 2;
  s + 1;
  1.5 % 2;
  return 1 << 1.5;
}
