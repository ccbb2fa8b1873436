#pragma GCC poison evil worse
int evil;
#define fine evil
#ifdef worse
#endif
#if defined(evil) || worse
#endif
#define worse 1
#undef worse
#if 0
evil
#endif
