int f(int a) {
  int b[3], c[3];
  1 = a;
  a + 1 = 2;
  b = c;
  f(a)++;
  return a;
}
void output(void) { __asm__("" : "=r"(3)); }
