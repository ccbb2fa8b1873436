#define
#define 1
#define "a"
#define defined
#define open(a
#define twice(a, a) a
#define number(1)
#define comma(a,)
#define behind(..., a) a
#define p ## x
#define q x ##
#define r(a) #b
#define s(a) ## a
#define fine(a, ...) # a ## __VA_ARGS__
int a;
