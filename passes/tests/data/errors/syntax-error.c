int before;
int f(int a) {
  a = 1
  return a;
}
int g(void) { return (1 + ; }
int h(void) { if (1 return 2; }
struct S { int a b; };
int array[3;
