struct S { int a; } s;
int f(int a) {
  struct S t = 1;
  int b[2] = a;
  int c = s;
  struct S u = s;
  return u.a + t.a + b[0] + c;
}
char narrow1[] = L"a";
char narrow2[] = u8"a";
unsigned char narrow3[] = { U"a" };
__WCHAR_TYPE__ wide1[] = "a";
__WCHAR_TYPE__ wide2[] = u"a";
__WCHAR_TYPE__ wide3[] = L"a";
__CHAR16_TYPE__ wide4[] = { u"a" };
long other[] = "a";
struct bits { int b : 2; } bits;
void deduced(void) {
  __auto_type e = e;
  __auto_type f = 1, g = 1.0;
  __auto_type h = bits.b;
  __auto_type *p = (int *)0;
}
__auto_type body(void) { return 1; }
void sized(int n) {
  struct { int a[n]; } v = { 1 };
}
