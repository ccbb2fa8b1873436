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
