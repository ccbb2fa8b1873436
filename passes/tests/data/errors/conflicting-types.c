int f(int);
int f(long);
extern int a;
extern unsigned a;
int g();
int g(int);
typedef int T;
typedef long T;
