int none(void);
int two(int, int);
int any(int, ...);
int f(void) {
  any(1, 2, 3);
  none(1);
  two(1);
  two(1, 2, 3);
  return any();
}
