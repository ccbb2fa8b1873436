unknown a;
int f(unknown b);
int g(void) {
  unknown *c;
  return sizeof(const unknown);
}
struct S { unknown d; };
