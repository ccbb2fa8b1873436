typedef int F(void);
typedef int A[3];
F f(void);
A g(void);
F h[3];
typedef int array[3];
_Atomic array atomic_array;
typedef int function(void);
_Atomic function *atomic_function;
