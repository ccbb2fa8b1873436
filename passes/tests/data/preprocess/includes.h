/* guarded */
#ifndef INCLUDES_H
#define INCLUDES_H
guarded __INCLUDE_LEVEL__ __LINE__
#endif
