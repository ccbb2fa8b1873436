int double a;
struct S { int x; } char b;
signed unsigned c;
_Complex void cv;
_Bool _Complex cb;
