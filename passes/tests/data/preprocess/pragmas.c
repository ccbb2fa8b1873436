#pragma pack(push, 1)
#define N 8
#pragma pack(N)
#pragma   STDC   FP_CONTRACT  ON
#pragma GCC diagnostic ignored "-Wunused"
before _Pragma("pack(pop)") after
#define DO(x) _Pragma(#x) x
DO(once_more) DO(message "hi")
#define X 1
#pragma push_macro("X")
#undef X
#define X 2
X
#pragma pop_macro("X")
X
#pragma push_macro("UNDEFINED")
#define UNDEFINED 3
#pragma pop_macro("UNDEFINED")
UNDEFINED
#pragma redefine_extname old N
#pragma message N
#pragma
#pragma omp parallel for reduction(+: N)
_Pragma("") end
#define text_of(x) #x
#define expanded_text_of(x) text_of(x)
#define diagnose(x) _Pragma(expanded_text_of(GCC diagnostic x))
#define diagnose_push() diagnose(push)
#define as_it_is(x) x
diagnose_push() int pushed;
as_it_is(diagnose(pop) int popped;)
