int f(char a) {
  return _Generic(a, char: 1, int: 2) + _Generic(a, int: 1, long: 2);
}
int twice = _Generic(1, int: 2, signed: 3);
int defaults = _Generic(1, default: 2, default: 3);
int nothing = _Generic(1, void: 2, default: 1);
int open_record = _Generic(1, struct nowhere: 2, default: 1);
int function = _Generic(1, int(void): 2, default: 1);
int variable(int n) { return _Generic(n, int[n]: 1, default: 2); }
