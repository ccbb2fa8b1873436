#define é 1
é \u00e9 \U000000e9 ét \u00e9t x\u0024y x$y
#define CAT(a, b) a ## b
CAT(ü, \u00fc) a\u0300 1\u00e9 1é
é"é" \u00e9t"x" ü L"ü"
