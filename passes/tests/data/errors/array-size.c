int a[-1];
int b[1.5];
int f(void) { return sizeof(int[1 - 2]); }
extern char huge[((__SIZE_TYPE__)-1 >> 1) + 1];
extern int many[(((__SIZE_TYPE__)-1 >> 1) + 1) / 4];
