int f(void) { return 1; }
int g(void);
int f(void) { return 2; }
