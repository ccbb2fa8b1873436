int f(int a) {
  switch (a) {
  case 1: return 1;
  case 2 ... 4: return 2;
  case 3: return 3;
  }
  switch (a) { case 1: switch (a) { case 1: return 4; } }
  return 0;
}
