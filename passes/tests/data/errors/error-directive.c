#if 0
#error not read
#endif
#error  in   words
#define WORD replaced
#error WORD 'stays
#error
# /* c */ error /* d */ behind /* e */ comments
int a;
