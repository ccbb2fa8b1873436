int f(void) { return 1; }
int g(void);
int f(void) { return 2; }
extern inline int external(void) { return 0; }
int external(void) { return 0; }
extern inline __attribute__((gnu_inline)) int inlined(void) { return 0; }
int inlined(void) { return 0; }
