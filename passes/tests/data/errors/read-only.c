struct C { const int a; int b; };
struct D { struct C c; int d[2]; };
const int n = 1;
void f(const int p, const int *q, int *const r, struct C c, struct D d, const struct C *e, const int s[]) {
  p = 1;
  *q = 1;
  q = r;
  r = 0;
  *r = 1;
  c.a = 1;
  c.b = 1;
  c = *e;
  d = d;
  d.d[0] = 1;
  e->b = 1;
  s[1] = 1;
  p++;
  --*q;
  p += 2;
  n = 2;
  "text"[0] = 'a';
}
