int f(void) {
  int a;
  int a;
  extern int b;
  extern int b;
  return a + b;
}
