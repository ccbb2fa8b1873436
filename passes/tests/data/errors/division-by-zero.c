#if 1 / 0
#endif
#if 1 % (2 - 2)
#endif
#if 0 && 1 / 0
#endif
#if 1 || 1 % 0
#endif
#if 1 ? 2 : 3 / 0
#endif
#if 0
#elif 4 / (1 > 2)
#endif
int a;
