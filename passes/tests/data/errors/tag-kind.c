struct S { int a; };
union S b;
enum S { A };
