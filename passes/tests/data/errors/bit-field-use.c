struct S { int a : 3; } s;
int *f(void) { return &s.a; }
int g(void) { return sizeof s.a; }
struct used { int a : 3; } used;
int alignment = __alignof(used.a);
int offset = __builtin_offsetof(struct used, a);
struct with_field { int field : 3; } one;
__typeof__(one.field) type_of_field;
