struct S;
int f(struct S *s) { return sizeof(struct S); }
int g(struct S *s) { return s->a; }
int h(struct S *s) { return sizeof(*s); }
struct unknown;
void take(struct unknown);
void give(struct unknown *p, int (*array)[]) {
  take(*p);
  array++;
  --array;
  (struct unknown){};
}
struct never;
void unspecified();
void pass(struct never *p) { unspecified(*p); }
int unbounded[];
int *past(void) { return (int *)(&unbounded + 1); }
struct never gives_never(void) { }
enum never_listed gives_unlisted(void) { return 0; }
struct never only_declared(void);
