int f(int a, int (*g)(void)) {
  g();
  (*g)();
  return a(1);
}
