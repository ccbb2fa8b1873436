struct S { int a; };
struct S { int b; };
enum E { A };
enum E { B };
