/* Common definitions. The C library asks for single parts by defining __need_ names. */
#if !defined(__need_size_t) && !defined(__need_wchar_t) && !defined(__need_NULL) && !defined(__need_ptrdiff_t) \
    && !defined(__need_wint_t)
#define __cfront_need_all
#endif

#if (defined(__cfront_need_all) || defined(__need_ptrdiff_t)) && !defined(__cfront_have_ptrdiff_t)
#define __cfront_have_ptrdiff_t
typedef __PTRDIFF_TYPE__ ptrdiff_t;
#endif
#undef __need_ptrdiff_t

#if (defined(__cfront_need_all) || defined(__need_size_t)) && !defined(__cfront_have_size_t)
#define __cfront_have_size_t
typedef __SIZE_TYPE__ size_t;
#endif
#undef __need_size_t

#if (defined(__cfront_need_all) || defined(__need_wchar_t)) && !defined(__cfront_have_wchar_t)
#define __cfront_have_wchar_t
typedef __WCHAR_TYPE__ wchar_t;
#endif
#undef __need_wchar_t

#if defined(__need_wint_t) && !defined(__cfront_have_wint_t)
#define __cfront_have_wint_t
typedef __WINT_TYPE__ wint_t;
#endif
#undef __need_wint_t

#if defined(__cfront_need_all) || defined(__need_NULL)
#undef NULL
#define NULL ((void *)0)
#endif
#undef __need_NULL

#ifdef __cfront_need_all
#undef offsetof
#define offsetof(type, member) __builtin_offsetof(type, member)
#if defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L && !defined(__cfront_have_max_align_t)
#define __cfront_have_max_align_t
typedef struct {
  long long __integer __attribute__((__aligned__(__alignof__(long long))));
  long double __floating __attribute__((__aligned__(__alignof__(long double))));
} max_align_t;
#endif
#endif
#undef __cfront_need_all
