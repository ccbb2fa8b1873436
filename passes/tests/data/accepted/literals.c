// Characters and strings are as long as their encoding makes them.
_Static_assert(sizeof "\u00e9" == 3 && sizeof "é" == 3, "");
_Static_assert(sizeof u"\U0001F600" == 6 && sizeof u"😀" == 6, "");
_Static_assert(sizeof U"😀" == 8 && sizeof L"\u00e9" == 8, "");
_Static_assert(sizeof u8"\u20ac\xff" == 5 && sizeof u8"a" u8"\u00e9" == 4, "");
_Static_assert(sizeof R"(\u00e9)" == 7, "");
_Static_assert(L'\u00e9' == 0xe9 && u'\xff' == 255 && '\xff' == -1, "");
#if L'\u00e9' != 0xe9 || '\377' != -1 || u'\xffff' < 0
#error the preprocessor reads them in another way
#endif

// Suffixes of types that headers declare for older compilers.
_Static_assert(sizeof 1.0f32 == 4 && sizeof 1.0f64 == 8 && sizeof 1.0f32x == 8 && sizeof 1.0f64x == 16, "");
// Imaginary integers.
_Static_assert(_Generic(1i, _Complex int: 1) && _Generic(1lli, _Complex long long: 1), "");
_Static_assert(_Generic(1.0i, _Complex double: 1) && _Generic(2ul * 1i, _Complex unsigned long: 1), "");
