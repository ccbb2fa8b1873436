struct S { int a; } s;
int f(int a) {
  *a;
  return s->a;
}
