typedef int gone __attribute__((unavailable));
int f(void) __attribute__((unavailable("ask g")));
int object __attribute__((unavailable));
gone a;
int g(gone);
int h(void) { return f() + object; }
gone k(void) __attribute__((unavailable));
int f(void) { return object; }
int m(void) {
  gone b;
  return sizeof(b);
}
