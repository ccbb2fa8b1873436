int a[-1];
int b[1.5];
int f(void) { return sizeof(int[1 - 2]); }
