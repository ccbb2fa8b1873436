int f(char a) {
  return _Generic(a, char: 1, int: 2) + _Generic(a, int: 1, long: 2);
}
