#define showlist(...) puts(#__VA_ARGS__)
#define report(test, ...) ((test) ? puts(#test) : printf(__VA_ARGS__))
showlist(The first, second, and third items.);
report(x>y, "x is %d but y is %d", x, y);
#define LOG(fmt, args...) printf(fmt, ## args)
#define LOG2(fmt, ...) printf(fmt, ##__VA_ARGS__)
#define ALL(...) f(0, ##__VA_ARGS__)
#define NAMED(rest...) g(rest) h(#rest)
LOG("a") LOG("a",) LOG("a", 1, 2) LOG2("x") LOG2("x",) LOG2("x", 3, (4, 5))
ALL() ALL(1) ALL(1,2) ALL( ) NAMED() NAMED(a, b)
#define EMPTY
LOG("m", EMPTY) LOG2(EMPTY) ALL(EMPTY)
#define OPT(a, ...) f(a __VA_OPT__(,) __VA_ARGS__)
OPT(1) OPT(1, 2) OPT(1,) OPT(1, EMPTY) OPT(1, 2, 3)
#define OPT2(x, ...) x __VA_OPT__(: __VA_ARGS__ ;)
OPT2(a) OPT2(a, b, c)
#define COUNT(...) PICK(__VA_ARGS__, 3, 2, 1, 0)
#define PICK(a, b, c, d, ...) d
COUNT(x) COUNT(x, y) COUNT(x, y, z)
