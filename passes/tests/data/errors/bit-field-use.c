struct S { int a : 3; } s;
int *f(void) { return &s.a; }
int g(void) { return sizeof s.a; }
struct used { int a : 3; } used;
int alignment = __alignof(used.a);
int offset = __builtin_offsetof(struct used, a);
struct with_field { int field : 3; } one;
__typeof__(one.field) type_of_field;

struct used make(void);
int size_of_value(void) { return sizeof make().a + _Alignof(make().a); }
int size_of_stored(void) { return sizeof (s.a = 1) + sizeof s.a++; }
int size_of_choice(int c, struct used x, struct used y) { return sizeof (c ? x : y).a; }
