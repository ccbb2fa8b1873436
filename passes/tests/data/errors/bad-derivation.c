typedef int F(void);
typedef int A[3];
F f(void);
A g(void);
F h[3];
typedef int array[3];
_Atomic array atomic_array;
typedef int function(void);
_Atomic function *atomic_function;
_Atomic(const int) qualified;
_Atomic __typeof__(const int) fine;

int static_array[static 3];
int const_array[const 3];
int star_array[*];
void local_arrays(int n) {
  int a[static 3];
  int b[*];
  int (*c)[*];
  int (*d)[static 2];
}
int inner_static(int a[3][static 2]);
int inner_pointer(int (*a)[static 2]);
int inner_const(int a[3][const 2]);
int star_in_body(int a[*])
{
  return a[0];
}
struct member_arrays { int a[static 2]; int b[const 2]; };
