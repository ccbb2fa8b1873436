extern int n;
enum E { A = n };
int f(int a) {
  switch (a) {
  case 1 + 1: return 1;
  case n: return 2;
  }
  return 0;
}
_Static_assert(n, "not known");
enum { pointer = (void *)4 };
int switched(int n) {
  switch (n) {
  case (void *)0:
    return 1;
  }
  return 0;
}
