int f(int a) {
again: a++;
again: a--;
  goto again;
}
