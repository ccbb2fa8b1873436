struct S;
struct A { struct S s; };
struct B { int a[]; int b; };
struct C { int f(void); };
enum unlisted;
struct of_unlisted { enum unlisted kind; enum unlisted bits : 3; enum unlisted *pointer; };
