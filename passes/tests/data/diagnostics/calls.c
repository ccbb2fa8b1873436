#define two(a, b) a b
#define none() x
two(1)
two(1, 2, 3)
none(1)
#define cat(a, b) a ## b
cat(+, *) cat(/, /)
#define inner cat(<, >)
  inner
_Pragma(1)
"unterminated
'also
two(1,
