/* The part of SSE2 that programs use without asking for __SSE2__ first: declarations, so that they can be read. Vectors
   are opaque to this compiler; nothing here is defined. */
#ifndef __cfront_emmintrin_h
#define __cfront_emmintrin_h
typedef long long __m128i __attribute__((__vector_size__(16), __may_alias__));

extern __m128i _mm_add_epi64(__m128i, __m128i);
extern __m128i _mm_and_si128(__m128i, __m128i);
extern __m128i _mm_cmpeq_epi32(__m128i, __m128i);
extern __m128i _mm_cmpeq_epi8(__m128i, __m128i);
extern __m128i _mm_min_epu8(__m128i, __m128i);
extern __m128i _mm_mul_epu32(__m128i, __m128i);
extern __m128i _mm_or_si128(__m128i, __m128i);
extern __m128i _mm_subs_epu8(__m128i, __m128i);
extern __m128i _mm_unpacklo_epi64(__m128i, __m128i);
extern __m128i _mm_slli_epi64(__m128i, int);
extern __m128i _mm_srli_epi64(__m128i, int);
extern __m128i _mm_srli_si128(__m128i, int);
extern __m128i _mm_shuffle_epi32(__m128i, int);
extern __m128i _mm_cvtsi32_si128(int);
extern int _mm_cvtsi128_si32(__m128i);
extern __m128i _mm_load_si128(const __m128i *);
extern __m128i _mm_loadl_epi64(const __m128i *);
extern __m128i _mm_loadu_si128(const __m128i *);
extern int _mm_movemask_epi8(__m128i);
extern __m128i _mm_set1_epi32(int);
extern __m128i _mm_set1_epi8(char);
extern __m128i _mm_setzero_si128(void);
#define _MM_SHUFFLE(d, c, b, a) ((d) << 6 | (c) << 4 | (b) << 2 | (a))
#endif
