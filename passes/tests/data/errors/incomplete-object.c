struct S;
int f(void) {
  struct S s;
  int a[];
  return 0;
}
static struct never tentative;
union neither other;
enum not_yet third;
struct later fourth;
struct later { int a; };
static void nothing;
