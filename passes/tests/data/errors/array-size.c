int a[-1];
int b[1.5];
int f(void) { return sizeof(int[1 - 2]); }
extern char huge[((__SIZE_TYPE__)-1 >> 1) + 1];
extern int many[(((__SIZE_TYPE__)-1 >> 1) + 1) / 4];
int c[1ul << 62];
extern char d[1ul << 63];
int e[(1ul << 61) - 1][5];
int g = sizeof(int[1ul << 62]);
char h[1ul << 62];
