void f(char *p);
char *g(const char *c, volatile int *v, const int (*a)[2]) {
  char *p = c;
  p = c;
  int *n = v;
  const char *same = p;
  f(c);
  f("text");
  return c;
}
