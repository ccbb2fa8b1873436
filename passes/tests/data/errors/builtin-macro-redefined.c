#define __FILE__ 1
#undef __LINE__
#define __DATE__ 2
#undef __COUNTER__
#define __STDC_VERSION__ 3
int a;
