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
void in_one_block(void) {
  { __label__ inner; inner: ; }
  { __label__ inner; inner: ; inner: ; }
}
