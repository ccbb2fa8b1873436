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

typedef union { int *a; } closed_union;
void takes_union(closed_union);
void takes_union(int *);
typedef union { int a; long b; } uneven_union __attribute__((transparent_union));
void takes_uneven(uneven_union);
void takes_uneven(int);
