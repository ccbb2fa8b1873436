struct S { int a; } s;
int f(void) {
  if (s) return 1;
  while (s) return 2;
  return 0;
}
struct pair { int a, b; } pair;
int chosen(void) { return pair ? 1 : 0; }
