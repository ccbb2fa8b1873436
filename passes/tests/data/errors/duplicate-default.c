int f(int a) {
  switch (a) {
  default:
    return 1;
  case 1:
    switch (a + 1) {
    default:
      return 2;
    }
  default:
    return 3;
  }
}
