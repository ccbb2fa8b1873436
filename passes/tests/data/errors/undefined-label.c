int f(int a) {
  if (a) goto nowhere;
  return a;
}
void *outside = &&nowhere;
void outside_of_its_block(void) {
  { __label__ inner; inner: ; }
  goto inner;
}
