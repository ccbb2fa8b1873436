int f(int *p) {
  switch (p) { default: return 1; }
}
