static extern int a;
typedef static int b;
register int global;
register int named asm("r12");
inline struct s;
auto struct s;
register struct s;
void outer(void) {
  extern void inner(void) {}
}
