int before;
int f(int a) {
  a = 1
  return a;
}
int g(void) { return (1 + ; }
int h(void) { if (1 return 2; }
struct S { int a b; };
asm(L"wide");
void qualified(void) {
  int x;
  asm volatile volatile("");
  asm("" : "r"(x));
  asm("" : "=r"(x));
  __attribute__((unused)) return;
}
struct { __auto_type a; } deduced;
int array[3;
