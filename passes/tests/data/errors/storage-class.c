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

_Thread_local void thread_function(void);
void thread_locals(void) {
  _Thread_local int automatic;
  static _Thread_local int one;
  extern _Thread_local int other;
  for (_Thread_local int i = 0;;)
    ;
}
typedef _Thread_local int thread_typedef;
__thread static int thread_first;
__thread extern int thread_before_extern;
static __thread int thread_behind;
_Thread_local static int standard_thread_first;
