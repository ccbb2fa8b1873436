int a __attribute__((aligned(3)));
int b __attribute__((aligned(-4)));
int c __attribute__((aligned(16), aligned));
_Alignas(5) int d;
_Alignas(0) int e;
_Alignas(long) int f;
int n;
int g __attribute__((aligned(n)));
_Alignas(1 << 29) int h;

void alignas_parameter(_Alignas(16) int a);
typedef _Alignas(16) int alignas_typedef;
_Alignas(16) void alignas_function(void);
_Alignas(16) int alignas_body(void) { return 0; }
struct alignas_members {
  _Alignas(8) int bits : 3;
  _Alignas(1) int low;
  _Alignas(2) char high;
};
_Alignas(1) int alignas_low;
void alignas_register(void) { register _Alignas(16) int a; }
unsigned long alignas_type = sizeof(_Alignas(8) int);
typedef int aligned_16 __attribute__((aligned(16)));
_Alignas(8) aligned_16 below_its_name;
_Alignas(32) aligned_16 above_its_name;
struct below_its_name { _Alignas(aligned_16) aligned_16 same; _Alignas(int) aligned_16 less; };
void once(void) { _Alignas(({ int *p = 1.5; 16; })) aligned_16 a; }
