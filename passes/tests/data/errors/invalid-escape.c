int fine\u00e9, a\u0300, dollar\u0024;
int a\u0030b;
int \u00a0x;
#if 0
\u0042
#define x\u0043
#endif
#line 20
int \ud800;
