struct S;
struct A { struct S s; };
struct B { int a[]; int b; };
struct C { int f(void); };
