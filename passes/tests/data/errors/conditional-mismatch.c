struct S { int a; } s;
int f(int a) {
  a ? s : 1;
  return 0;
}
