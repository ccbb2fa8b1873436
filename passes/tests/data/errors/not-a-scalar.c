struct S { int a; } s;
int f(void) {
  if (s) return 1;
  while (s) return 2;
  return 0;
}
struct pair { int a, b; } pair;
int chosen(void) { return pair ? 1 : 0; }
typedef int four __attribute__((vector_size(16)));
int decided(four v) {
  if (v) return 1;
  while (v) ;
  return v && v;
}
four choose(four v) { return v ? v : v; }
