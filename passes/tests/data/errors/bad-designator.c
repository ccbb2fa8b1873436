struct S { int a; };
int a[3] = { .b = 1 };
struct S s = { [0] = 1 };
int empty_range[3] = { [2 ... 1] = 1 };
