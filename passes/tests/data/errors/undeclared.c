int f(void) { return missing + missing; }
int g(void) { return missing; }
int a = missing;
