struct S { int a; } s;
int f(int a);
int g(struct S s);
int h(void) {
  g(s);
  f(s);
  return g(1);
}

typedef union { int *a; long *b; } pointers __attribute__((transparent_union));
typedef union { int *a; long *b; } closed;
void takes_pointers(pointers);
void takes_closed(closed);
void gives(int i, double d, char *c, int *a, void *v) {
  takes_pointers(a);
  takes_pointers(v);
  takes_pointers(0);
  takes_pointers(i);
  takes_pointers(d);
  takes_pointers(c);
  takes_closed(a);
}
void gives_other_signs(unsigned *u, unsigned long *l, const int *c) {
  takes_pointers(u);
  takes_pointers(l);
  takes_pointers(c);
}
