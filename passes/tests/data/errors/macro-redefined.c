#define same(a) a + 1
#define same(a) a   +   1
#define other 1
#define other 2
#define other 2
#define parameter(a) a
#define parameter(b) b
#define kind 1
#define kind() 1
#define space a+b
#define space a + b
#undef space
#define space a - b
int a;
