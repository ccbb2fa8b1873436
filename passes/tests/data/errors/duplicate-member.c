struct A { int a; int b; char a; };
