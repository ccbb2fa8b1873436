// Attributes in brackets.
[[nodiscard]] int f(void);
[[deprecated("why, [so]")]] extern int a;
int b [[maybe_unused]], c [[gnu::aligned(64)]];
_Static_assert(_Alignof(c) == 64, "an attribute of gcc's means what it means elsewhere");
struct [[gnu::packed]] S { char c; int i [[deprecated]]; [[maybe_unused]] int j; };
_Static_assert(sizeof(struct S) == 9, "packed");
enum [[deprecated]] E { ONE [[maybe_unused]] = 1, TWO [[deprecated]] };
[[noreturn, vendor::unknown(1, (2), [3])]] void g(void) [[gnu::cold]];
int h([[maybe_unused]] int x, int *[[]] p [[]]) {
  [[maybe_unused]] int y = x, array[2] = {0};
  switch (y) {
  case 1:
    y = array[(int[]){1}[0]];
    [[fallthrough]];
  case 2: [[maybe_unused]] x++;
  [[]] default:
    if (x) [[]] { return *p; }
  }
  [[]] label: [[]];
  [[gnu::unused]] struct S s;
  return 0;
}
int behind_the_name [[deprecated]] [3];
void behind_a_function [[deprecated]] (void);
int *[[]] behind_a_star, behind_an_array[3] [[]];
int aligned_behind_its_name [[gnu::aligned(32)]] [2];
_Static_assert(_Alignof(aligned_behind_its_name) == 32, "");
struct with_attributes { int a [[gnu::aligned(16)]] [2], b [[maybe_unused]]; };
_Static_assert(_Alignof(struct with_attributes) == 16, "");
void first_in_a_for(int unused [[maybe_unused]]) {
  for ([[maybe_unused]] int i = 0; i < 1; i++) ;
  [[]] ;
  [[]] return;
}

// A vector is what stands behind pointers, arrays and functions.
double vectors[4] __attribute__((vector_size(16)));
_Static_assert(sizeof vectors == 64 && sizeof vectors[0] == 16, "");
char *to_vector __attribute__((vector_size(4)));
_Static_assert(sizeof to_vector == 8 && sizeof *to_vector == 4, "");
const char *const *to_pointers __attribute__((vector_size(8)));
_Static_assert(sizeof **to_pointers == 8, "");
int gives_vector(int) __attribute__((vector_size(16)));
_Static_assert(sizeof gives_vector(1) == 16, "");

// Vectors of other elements are other types, and so is what is made of them.
typedef int v4si __attribute__((vector_size(16)));
typedef long v2di __attribute__((vector_size(16)));
typedef const int v4csi __attribute__((vector_size(16)));
int of_vectors(v4si v, v2di *w, v4csi *c, v4si *to) {
  _Static_assert(_Generic(v, v2di: 2, v4si: 1) == 1, "");
  _Static_assert(_Generic(w, v4si *: 2, v2di *: 1) == 1, "");
  _Static_assert(!__builtin_types_compatible_p(v4si, v2di), "");
  c = to;
  to = &v;
  return (*c)[0] + (*to)[1] + (*(v4si *)w)[2];
}

// `_Alignas` is asked of the member, whatever its type derives from, and a packed record grants it.
struct __attribute__((packed)) packed_and_aligned { char c; _Alignas(4) int i; };
_Static_assert(sizeof(struct packed_and_aligned) == 8, "");
struct aligned_pointer { char c; _Alignas(16) char *p; __attribute__((aligned(32))) char *q; };
_Static_assert(__builtin_offsetof(struct aligned_pointer, p) == 16, "");
_Static_assert(__builtin_offsetof(struct aligned_pointer, q) == 32, "");
// A pointer is not aligned like what it points to.
typedef int far_apart __attribute__((aligned(16)));
typedef far_apart *to_far_apart;
far_apart *pointer_to_far_apart;
_Static_assert(_Alignof(to_far_apart) == 8 && __alignof__(pointer_to_far_apart) == 8, "");
// Bit-fields stay within what is aligned like their types.
typedef short short_16 __attribute__((aligned(16)));
typedef long long_1 __attribute__((aligned(1)));
struct far_bits { char c; short_16 s : 1; char d; };
_Static_assert(__builtin_offsetof(struct far_bits, d) == 17, "");
struct near_bits { char c : 7; long_1 l : 58; char d; };
_Static_assert(__builtin_offsetof(struct near_bits, d) == 9, "");
