int *restrict a;
restrict int b;
int restrict *c;
typedef int *P;
restrict P d;
int (*restrict e)(void);
void f(int *restrict g, P restrict h, int i[restrict]);
