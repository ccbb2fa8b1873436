#define two(a, b) a b
#define one(a) a
#if 1
int a = 1;
#endif
int b = one(two(1,
