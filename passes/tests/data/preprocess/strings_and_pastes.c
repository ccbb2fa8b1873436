#define xstr(s) str(s)
#define str(s) # s
#define debug(s, t) printf("x" # s "= %d, x" # t "= %s", x ## s, x ## t)
#define INCFILE(n) vers ## n
#define glue(a, b) a ## b
#define xglue(a, b) glue(a, b)
#define HIGHLOW "hello"
#define LOW LOW ", world"
debug(1, 2);
fputs(str(strncmp("abc\0d", "abc", '\4') == 0) str(: @\n), s);
xstr(INCFILE(2).h)
glue(HIGH, LOW);
xglue(HIGH, LOW)
#define E
xstr(a E b) xstr(-E -) xstr(-E-) str( a   +
  b ) xstr(E) str(E) xstr(  )
#define F(v) -v
xstr(F(E a)) xstr(F( a )) xstr((F)(a))
#define hash_hash # ## #
#define mkstr(a) # a
#define in_between(a) mkstr(a)
#define join(c, d) in_between(c hash_hash d)
char p[] = join(x, y);
#define t(x,y,z) x ## y ## z
int j[] = { t(1,2,3), t(,4,5), t(6,,7), t(8,9,), t(10,,), t(,11,), t(,,12), t(,,) };
str("\"quoted\"") str('"') str("\\") str(L"wide") str('\'')
glue(<, <) glue(<<, =) glue(., 5) glue(1, .) glue(-, >) glue(L, "x") glue(L, 'c') glue(u8, "s")
glue(a, ) glue(, b) str(glue(a, b)) xstr(glue(a, b))
#define NOTHING
glue(x, NOTHING) xglue(x, NOTHING)
#define cat3(a, b, c) a ## b ## c
cat3(<, <, =)
