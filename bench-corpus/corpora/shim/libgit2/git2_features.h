/* What libgit2 is configured with here: its build writes this header, and the corpus builds nothing. */
#ifndef CORPUS_GIT2_FEATURES_H
#define CORPUS_GIT2_FEATURES_H
#define GIT_THREADS 1
#define GIT_TRACE 1
#define GIT_HTTPPARSER_BUILTIN 1
#define GIT_USE_NSEC 1
#define GIT_USE_STAT_MTIM 1
#define GIT_IO_POLL 1
#define GIT_IO_SELECT 1
#define GIT_ARCH_64 1
#define GIT_SHA1_COLLISIONDETECT 1
#define GIT_SHA256_BUILTIN 1
#define GIT_RAND_GETENTROPY 1
#endif
