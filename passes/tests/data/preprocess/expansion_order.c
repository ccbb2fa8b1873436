#define f(x) x f
#define g f
f(1)(2) g(3)(4)
#define NIL(x) x
#define G_0(arg) NIL(G_1)(arg)
#define G_1(arg) NIL(arg)
G_0(42)
#define x 3
#define ff(a) ff(x * (a))
#undef x
#define x 2
#define gg ff
#define z z[0]
#define h gg(~
#define m(a) a(w)
#define w 0,1
#define t(a) a
#define p() int
#define q(x) x
#define r(x,y) x ## y
#define str(x) # x
ff(y+1) + ff(ff(z)) % t(t(gg)(0) + t)(1);
gg(x+(3,4)-w) | h 5) & m
	(ff)^m(m);
p() i[q()] = { q(1), r(2,3), r(4,), r(,5), r(,) };
char c[2][6] = { str(hello), str() };
#define self self + 1
self self
#define one two
#define two three one
one two
#define obj() called
obj obj() obj /* comment */ ( )
obj
()
#define lparen (
obj lparen ) NIL(obj lparen ))
#define LP obj (
LP ) LP
)
