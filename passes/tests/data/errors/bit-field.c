struct A { int a : 33; };
struct B { int a : -1; };
struct C { int a : 0; };
struct D { float a : 3; };
struct E { _Bool a : 2; };
struct by_pointer { int a : (void *)4; };
