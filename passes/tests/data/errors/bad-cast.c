struct S { int a; } s;
typedef int A[3];
int f(int a) {
  (A)a;
  (struct S)a;
  return 0;
}
