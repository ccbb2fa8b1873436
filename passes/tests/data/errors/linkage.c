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
extern int v;
static int w;
void before(void) {
  extern double v;
  extern int x;
  int w = 0;
  {
    extern int w;
  }
  extern double late;
}
double x;
int late;
int no_linkage(void) {
  int a0;
  extern int a0;
  static int a5;
  extern int a5;
  return 0;
}
static int weak_object __attribute__((weak));
static int weak_function(void) __attribute__((weak));
