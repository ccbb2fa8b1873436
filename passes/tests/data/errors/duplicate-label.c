int f(int a) {
again: a++;
again: a--;
  goto again;
}
void local(void) {
  __label__ a, b, a;
a:
b:;
}
