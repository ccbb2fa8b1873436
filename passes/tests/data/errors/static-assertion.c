_Static_assert(sizeof(long) == 8, "a long has eight bytes");
_Static_assert(sizeof(long) == 4, "a long has four bytes");
int f(void) {
  _Static_assert(1 - 1, "nothing");
  return 0;
}
struct with_assertion {
  int a;
  _Static_assert(sizeof(int) == 5, "in a record");
  _Static_assert(sizeof(int) == 4, "holds");
};
