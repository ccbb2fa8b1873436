/* Functions that do not return. */
#ifndef __cfront_stdnoreturn_h
#define __cfront_stdnoreturn_h
#define noreturn _Noreturn
#endif
