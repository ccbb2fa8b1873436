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
