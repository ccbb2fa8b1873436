int f(int a, int b, int a);
int twice(a, b)
  int a, b, a;
{ return a + b; }
