#if 0
it's not read
"closed" 'c' L'
#endif
#define QUOTE 'a
#define TEXT "b
#if 1 // it's
#else
// it's
'"'
#endif
#define fine(a) 0
int a = fine(L"1
);
