/* What statements and expressions of C11 and GNU C look like. */
typedef int T;
struct point { int x, y; };
int printf(const char *, ...);
int choose(int a) {
  switch (a) {
  case 1: case 2: return 3;
  case 4 ... 6: break;
  default: ;
  }
  if (a) for (int i = 0, j = 1; i < j; i++, j--) continue;
  else while (a) do a--; while (a > 0);
again:
  if (a) goto again;
  { T T = 1; T += 2; a = T; }
T:
  a = sizeof(T) + sizeof a + sizeof(struct point){ 1, 2 }.x + _Alignof(T);
  for (;;) { if (a) break; }
  goto T;
end: ;
}
int expressions(int a, int *p, struct point s, struct point *q) {
  a = a ? 1 : 2, a = a ?: 3;
  a = ~-+!a << 2 >> 1 & 3 | 4 ^ 5;
  a += a -= a *= a /= a %= a <<= a >>= a &= a |= a ^= 1;
  a = (int)*p++ + --*p + p[1] + 1[p] + s.x + q->y + (*q).x;
  a = a < 1 && a > 2 || a <= 3 == a >= 4 != 5;
  q = &(struct point){ .x = 1 }, p = (int[]){ 1, 2 };
  a = ({ int b = a; b + 1; });
  a = _Generic(a, int: 1, default: 2);
  a = __builtin_offsetof(struct point, y) + __builtin_types_compatible_p(int, T);
  a = __builtin_choose_expr(1, a, p) + __builtin_expect(a, 1);
  a = 0x1fUL + 017 + 0b11 + 'a' + L'a' + u'a' + U'a' + '\n' + '\x41' + 'ab';
  double d = 1.5e3 + 0x1p3 + .5f + 1.L;
  printf("%s" "\t%d\n", __func__, a);
  __asm__ volatile("nop" : "=r"(a) : [in] "r"(a), "m"(*p) : "memory");
  void *label = &&done;
  goto *label;
done:
  __extension__ a++;
  int n = a, vla[n], (*row)[n] = &vla;
  return d;
}
int labels(int a) {
  __label__ out;
  if (a) goto out;
  int declared_behind;
out:
  int declared_after_label = 1;
  {
    last:
  }
  return a;
}
int variadic(int a, ...) {
  __builtin_va_list list;
  __builtin_va_start(list, a);
  a = __builtin_va_arg(list, int);
  __builtin_va_end(list);
  return a;
}
// Each block's label is its own, and a jump out of one statement expression is no jump into another.
#define UNLESS(x) ({ __label__ done; int r = 0; if (x) goto done; r = 1; done: r; })
int both(int a) { return UNLESS(a) + UNLESS(!a); }
int nested_labels(int a) {
  __label__ done;
  void leave(void) { goto done; }
  { __label__ done; if (a) goto done; done: ; }
  if (a > 1) leave();
done:
  return a;
}
