struct S { int a : 3; } s;
int *f(void) { return &s.a; }
int g(void) { return sizeof s.a; }
