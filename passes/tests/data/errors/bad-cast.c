struct S { int a; } s;
typedef int A[3];
int f(int a) {
  (A)a;
  (struct S)a;
  return 0;
}
union U { int a; char *b; };
struct Unknown;
void casts(struct S s, void *p, double d, void v(void)) {
  (void)(union U)1;
  (void)(union U)p;
  (void)(struct Unknown)s;
  (void)(int)s;
  (void)(double)s;
  (void)(char *)s;
  (void)(char *)d;
  (void)(double)p;
  (int)v();
}
typedef int four __attribute__((vector_size(16)));
typedef int two __attribute__((vector_size(8)));
two shorter;
four longer(void) { return (four)shorter; }
void enumeration(void) { (enum nowhere)1; }
union padded { int i; unsigned : 3; };
union padded from_padding(unsigned u) { return (union padded)u; }
