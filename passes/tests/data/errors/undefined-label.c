int f(int a) {
  if (a) goto nowhere;
  return a;
}
void *outside = &&nowhere;
