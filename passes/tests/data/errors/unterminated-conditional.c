#if 1
#ifdef A
#else
int a;
#endif
#ifndef A
int b;
