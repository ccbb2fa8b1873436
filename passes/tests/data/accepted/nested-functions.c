int f(int a) {
  __label__ out;
  auto int late(int);
  int g(int b) {
    if (b > 2)
      goto out;
    return b + late(a);
  }
  int h(b) int b; { return g(b); }
  int late(int c) { return c; }
  return h(a);
out:
  return 0;
}

int named_alike(int a) { return a; }
int first_user(int a) {
  int named_alike(int b) { return b + a; }
  return named_alike(1);
}
int second_user(int a) {
  int named_alike(int b) { return b - a; }
  return named_alike(1);
}
