/* What declarations of C11 and GNU C look like. */
typedef int T, *PT, FT(int), AT[3];
typedef struct node { struct node *next; T value; } node;
extern int (*table[4])(const char *restrict name, int values[static 3], ...);
static const volatile unsigned long long int wide, *const volatile pointer = &wide;
long unsigned int mixed;
_Noreturn void stop(int);
inline static int twice(T T) { return T + T; }
_Thread_local int own;
extern __thread int theirs;
_Alignas(16) char buffer[32];
_Alignas(double) char other;
struct bits { unsigned a : 3, : 0, b : 5; int : 4; int flexible[]; };
union both { int i; float f; struct { int inner; }; };
enum color { RED, GREEN = 5, BLUE, } shade = GREEN;
enum later;
struct opaque *hidden;
int old(a, b) int a; char *b; { return a + *b; }
int (parenthesized)(void);
int nothing();
int (*returns_function(int a))(int) { return (int (*)(int))hidden + a; }
FT declared;
_Static_assert(sizeof(int) == 4, "an int has four bytes");
__extension__ typedef long long extended;
typeof(mixed) same;
__typeof__(int *) pointer_to_int;
int attributed(int a) __attribute__((const, warn_unused_result));
struct __attribute__((packed)) small { char a; int b __attribute__((aligned(2))); } __attribute__((aligned(4)));
int renamed(void) __asm__("other_name") __attribute__((weak));
asm(".text");
int designated[] = { [2] = 1, [4 ... 6] = 2, 3 };
node first = { .value = 1, .next = &first }, second = { value: 2 };
int nested[2][2] = { { 1, 2 }, { [1] = 3 }, };
AT zeroes = { 0 };
char text[] = "a" "b", wide_text_is_a_string[] = { "c" };
_Atomic int counter;
_Atomic(int) counted;
__int128 large;
unsigned __int128 larger;
_Complex double complex;
int shadow(int T) { return T; }
void prototype(int (T), int (*)(T), T (*t)[2]);
;

/* what blocks declare `extern` */
void block_extern_1(void) {
  extern int far_object;
  extern int far_function();
  far_object = far_function(1);
}
void block_extern_2(void) {
  extern int far_object;
  int far_function(int);
  far_object = far_function(far_object);
}
int far_object;
int far_function(int a) { return a; }
int hides_far(int far_object) {
  {
    extern int far_object;
    return far_object;
  }
}
void alias_target(void) {}
extern void alias_name(void) __attribute__((weak, alias("alias_target")));
static int tentative_alias_target;
extern int object_alias __attribute__((alias("tentative_alias_target")));
extern inline __attribute__((gnu_inline)) int only_inlined(int a) { return a; }
int only_inlined(int a) { return a; }
int named_function(void) asm("other_name");
struct completed_later later_object;
struct completed_later { int a; };
__typeof__(__builtin_va_arg(*(__builtin_va_list *)0, int)) *unevaluated;
int folded[_Generic(1u, unsigned: __builtin_clz)(1u) == 31 ? 1 : -1];
typedef void no_value;
int takes_typedef_nothing(no_value);
int calls_takes_nothing(void) { return takes_typedef_nothing(); }
void static_array(void) { static char text[sizeof(__func__)]; (void)text; }

// Alignments that attributes ask for belong to objects, members and names of types.
typedef int Aligned16 __attribute__((aligned(16)));
Aligned16 aligned_by_type;
_Static_assert(_Alignof(Aligned16) == 16 && _Alignof(aligned_by_type) == 16, "");
_Alignas(32) int aligned_by_word;
int less_aligned __attribute__((aligned(2)));
_Static_assert(_Alignof(aligned_by_word) == 32 && _Alignof(less_aligned) == 2, "");
struct WithAligned { char c; int m __attribute__((aligned(8))); } with_aligned;
struct Packed { char c; int m; } __attribute__((packed)) packed, *to_packed;
_Static_assert(_Alignof(with_aligned.m) == 8 && _Alignof(packed.m) == 1, "");
_Static_assert(_Alignof(to_packed->m) == 1 && _Alignof(packed.m + 1) == 4, "");

// A compound literal gives a `static` object its value in functions, too.
struct Given { int a; char *p; };
int given(void) {
  static struct Given empty = ((struct Given){}), full = (struct Given){.a = 1, .p = "x"};
  static __thread struct Given own = ((struct Given){0});
  static struct Given several[] = {(struct Given){1}, (struct Given){2}};
  static int row[2] = (int[2]){1, 2};
  return empty.a + full.a + own.a + several[1].a + row[0];
}

// A bit-field narrower than int is one in arithmetic, and so is what was assigned to it.
enum hue { red, green };
struct narrow {
  unsigned two : 2, all : 32;
  enum hue hue : 2;
  unsigned long long eight : 8, whole : 64;
  long three : 3;
} narrow;
__typeof__(narrow.two << 1) int1; int int1;
__typeof__((narrow.two += 1) + 1) int2; int int2;
__typeof__(narrow.two++ + 1) int3; int int3;
__typeof__(-narrow.hue) int4; int int4;
__typeof__(1 ? narrow.eight : narrow.three) int5; int int5;
__typeof__(narrow.all + 1) unsigned1; unsigned unsigned1;
__typeof__(narrow.whole + 1) wide1; unsigned long long wide1;

// What is cast to a union is as constant as it was.
union either { int a; double b; };
union either from_int = (union either)2, from_double = (union either)2.0;
typedef union { struct point_like *p; const void *q; } any_point __attribute__((transparent_union));
extern int takes_any(int, any_point);
int (*takes_one)(int, struct point_like *) = takes_any;

// What takes a union and what takes its member are two where a type is chosen by.
typedef union { int a; float b; } number;
void takes_number(number);
_Static_assert(_Generic(takes_number, void (*)(int): 2, void (*)(number): 1) == 1, "");

// A string ends at its first zero.
_Static_assert(__builtin_strlen("a\0b") == 1 && __builtin_strlen("ab" "\x41" "c\0d" "e") == 4, "");
_Static_assert(__builtin_strlen("a0b") == 3 && __builtin_strlen("\0") == 0 && __builtin_strlen("") == 0, "");

/* What looks like a mistake, and is none. */
typedef union { int *a; long *b; } either __attribute__((transparent_union));
void takes_member(either);
void takes_member(int *);
void takes_either(either);
void gives_either(const int *constant, long *b, void *v) { takes_either(b); takes_either(v); takes_either(0); }
_Alignas(char) _Alignas(16) int twice_aligned;
_Alignas(0) int not_aligned;
typedef int low __attribute__((aligned(2)));
_Alignas(2) low aligned_as_its_type, low_array[3];
int brackets(int a[static 3], int b[*], int c[const 3], int d[3][*], int (*e)[*], int (*f)(int g[*]));
int (*nested_brackets(int a[restrict]))[3];
void old_brackets(a) int a[static 3]; { (void)a; }
static _Thread_local int of_each_thread;
struct of_parameters;
void keeps(int n, struct of_parameters *p) { struct { int a[n]; } x; static char name[sizeof __func__]; (void)x; (void)name; }
void named(void) { _Static_assert(sizeof __func__ == 6 && sizeof __PRETTY_FUNCTION__ == 6, "its name"); }
double real_part = __real__ (1.0 + 2.0i), imaginary_part = __imag__ 2.0i;
int of_literal = (int){1}, *in_literal = (int *){0};
double of_inner_literal(void) { static double d = (double){2}; return d; }
struct deep { struct { struct { int a; struct { int b; }; }; }; int c; } deep = { .b = 1, .c = 2 };
_Static_assert(__builtin_offsetof(struct deep, b) == 4, "");

// Types of numbers that are not in C11.
_Float32 float_32 = 1.0f32;
_Float64 float_64;
_Float32x float_32x;
_Float64x float_64x;
_Static_assert(sizeof float_32 == 4 && sizeof float_64 == 8 && sizeof float_32x == 8 && sizeof float_64x == 16, "");
_Complex int complex_int = 1 + 2i;
_Complex unsigned long complex_long;
_Static_assert(sizeof complex_int == 8 && sizeof(_Complex char) == 2 && sizeof complex_long == 16, "");
_Static_assert(_Alignof(_Complex short) == 2 && sizeof(_Complex _Float128) == 32, "");
_Static_assert(_Generic(complex_int + 1, _Complex int: 1) && _Generic(complex_int * 1.0f, _Complex float: 1), "");
_Static_assert(_Generic(__real__ complex_int, int: 1) && _Generic(-complex_int, _Complex int: 1), "");
typedef float four_floats __attribute__((vector_size(16)));
typedef int four_ints __attribute__((vector_size(16)));
four_ints to_ints(four_floats a) { return __builtin_convertvector(a, four_ints); }
typedef int aligned_16 __attribute__((aligned(16)));
_Alignas(aligned_16) int like_its_name;
_Static_assert(_Alignof(like_its_name) == 16, "");
