int double a;
struct S { int x; } char b;
signed unsigned c;
