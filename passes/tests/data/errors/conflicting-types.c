int f(int);
int f(long);
extern int a;
extern unsigned a;
int g();
int g(int);
typedef int T;
typedef long T;
int h(int a, char **b) { return a; }
int h(void) { return 0; }
int i(char);
int i();
int j(a) char a; { return a; }
int j(char);
int k(int, int);
int k(a) int a; { return a; }
int l(int, long);
int l(a, b) int a; int b; { return a; }
