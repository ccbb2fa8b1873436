typedef int F(void);
typedef int A[3];
F f(void);
A g(void);
F h[3];
