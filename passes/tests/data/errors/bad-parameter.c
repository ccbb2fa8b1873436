int f1(int a, void);
int f2(const void);
int f3(void, ...);
int f4(static int a);
int f5(register int a);
int f6(typedef int);
struct S;
int f7(struct S s);
int f8(struct S s) { return 0; }
int f9(int a, enum E e) { return 0; }
typedef void nothing;
typedef const void constant;
int takes_nothing(nothing);
int takes_constant(constant);
int result(void) { return takes_nothing(); }
void variadic_alone(...);
