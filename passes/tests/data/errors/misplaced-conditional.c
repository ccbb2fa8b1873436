#else
#endif
#elif 1
#if 1
#else
#else
#elif 1
#endif
#if 0
#else
#if 1
#else
#endif
#else
#endif
#endif
int a;
