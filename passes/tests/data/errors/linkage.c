int a;
static int a;
static int b;
int b;
static int c;
extern int c;
int f(void);
static int f(void);
static int g(void);
int g(void);
extern int g(void);
_Thread_local int t;
extern int t;
extern int u;
extern _Thread_local int u;
int h(void) {
  extern int e = 1;
  extern int c;
  return e;
}
