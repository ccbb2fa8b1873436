#define none() 0
#define one(a) a + 0
#define two(a, b) a b
#define most(a, ...) a + 0
int a = none(1);
int b = two(1);
int c = two(1, 2, 3);
int d = one(1, 2);
int e = one();
int f = most();
int g = none( );
int h = two((1, 2), + 3);
