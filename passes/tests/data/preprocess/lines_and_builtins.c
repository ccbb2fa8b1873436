__LINE__ __INCLUDE_LEVEL__ __COUNTER__ __COUNTER__
#define L __LINE__
L L
#define two(a, b) a b __LINE__
two(__LINE__,
  L)
after __LINE__
#define body __LINE__ L
#define id(x) x
two(id(
  L __LINE__ body), id(two(
    L,
    body) id(
   __LINE__))
)
id(id)(
  L)
id(body
 ) body
L id(
)
#line 100
__LINE__
#line 200 "other.c"
__LINE__ __FILE__
#define N 300
#line N "third \"name\".c"
__LINE__ __FILE__
# 400 "fourth.c" 1
__LINE__ __FILE__
#line 500
__LINE__ \
  __LINE__
#ident "version"
#sccs "old"
__FILE__
