#define A 1
#define ZERO
#if defined A && !defined(B) || 1/0
1
#endif
#if 0 && (1 / 0)
no
#elif 1 ? 2 : 1 / 0
2
#elif 1 / 0
no
#else
no
#endif
#if -1 > 0u
3
#endif
#if (-1) / 2 == 0 && -7 % 3 == -1 && (1 << 4 | 2 ^ 1 & 3) == 19
4
#endif
#if 'a' == 97 && '\377' < 0 && 'ab' == 24930 && L'\377' > 0 && '\x41' == 65
5
#endif
#if 0x7fffffffffffffff + 1 < 0 && 18446744073709551615u == -1
6
#endif
#if ~0 == -1 && !0 && +1 && - - 1
7
#endif
#if undefined == 0 && true == 0
8
#endif
#if __has_include(<stddef.h>) && !__has_include("no/such/file.h") && defined __has_include
9
#endif
#define HEADER <stddef.h>
#if __has_include(HEADER)
10
#endif
#if __has_attribute(packed) && __has_attribute(__aligned__) && !__has_attribute(nonsense)
11
#endif
#if __has_builtin(__builtin_expect) && !__has_builtin(__builtin_nonsense)
12
#endif
#ifdef A
13
#ifndef A
no
#else
14
# if 0
don't "mind
#   if 1
no
#   else
no
#   endif
# elif A
15
# endif
#endif
#endif
#ifdef B
no
#elif 3 <= 3 == 1 != 0
16
#endif
#if A ZERO
17
#endif
#if 1 \
  && 1 /* a comment
  over lines */ && 1
18
#endif
#assert machine(x y)
#if #machine(x y) && !#machine(z) && #machine
19
#endif
#unassert machine
#if !#machine
20
#endif
#define HAS_A defined A
#if HAS_A && !defined B
21
#endif
