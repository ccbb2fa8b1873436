#if 0
#warning not read
#endif
#warning careful
#warning
int a;
