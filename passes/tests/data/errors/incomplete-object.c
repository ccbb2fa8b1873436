struct S;
int f(void) {
  struct S s;
  int a[];
  return 0;
}
