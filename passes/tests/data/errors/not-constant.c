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
enum above_int { INT_LARGEST = 0x7fffffff, ABOVE_INT };
enum above_unsigned { UNSIGNED_LARGEST = 0xffffffffu, ABOVE_UNSIGNED };
enum above_long { BEFORE_LARGEST = 0x7ffffffffffffffe, LONG_LARGEST, ABOVE_LONG };
enum above_all { LARGEST = 0xffffffffffffffffULL, ABOVE_ALL };
enum below { HALF = 0x7fffffffffffffffULL, ABOVE_HALF, BELOW = -1, ZERO, LAST = 0xffffffffffffffffULL, AGAIN = 1 };
enum within { LARGE = 0x80000000, LARGER, LONG = 0x100000000, LONGER };
