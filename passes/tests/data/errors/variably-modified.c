int n;
int a[n];
int f(int n) { int b[n]; return sizeof b; }
