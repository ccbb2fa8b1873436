int n;
extern int m;
int f(void);
const int with_value = 3;
const int without;
static const struct { int x, y[2]; } point = { 1, { 2, 3 } };
_Thread_local int t;
int a1 = n;
int a2 = f();
int a3 = with_value + point.x + point.y[1];
int a4 = without;
int *b1 = &n, *b2 = &m + 1, *b3 = (int *)8;
int b4 = (int)(long)&n;
long b5 = (long)&n + 4;
long b6 = (long)&n * 2;
int *b7 = &t;
char c1 = "text"[1], c2[] = "text", *c3 = "text" + 2;
double d1 = 1.5 * 2, d2 = 1 / 0;
int e1 = 1 ? 2 : n, e2 = 0 && n, e3 = sizeof n;
int e4 = n ? 1 : 2;
struct S { int x; int *p; } s1 = { 1, &n }, s2 = { n, &s1.x };
struct S s3 = { .p = (int[]){ 1, 2 }, .x = (1, 2) };
int (*g1)(void) = f, (*g2)(void) = *g1;
_Complex double z = 1.0i + 2;
int g(int p) {
  static int s = 1;
  static int q = p;
  static int *r = &s;
  static int *u = &p;
  static void *labels[] = { &&here };
  int automatic = p;
here:
  return s + automatic;
}
