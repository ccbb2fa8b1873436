int a __attribute__((aligned(3)));
int b __attribute__((aligned(-4)));
int c __attribute__((aligned(16), aligned));
_Alignas(5) int d;
_Alignas(0) int e;
_Alignas(long) int f;
int n;
int g __attribute__((aligned(n)));
_Alignas(1 << 29) int h;
