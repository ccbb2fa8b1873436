#if
#endif
#if 1 +
#endif
#if (1
#endif
#if 1)
#endif
#if 1 2
#endif
#if 1.5
#endif
#if 09
#endif
#if 1 ? 2
#endif
#if "string"
#endif
#if = 1
#endif
#if defined
#endif
#if defined(X
#endif
#if 0xg
#endif
#if ''
#endif
#if 0
#elif
#endif
#if 1
#elif +
#endif
#if 1 : 2
#endif
int a;
