#include "includes.h"
#include "includes.h"
#include "includes_once.h"
#include "includes_once.h"
#define NAME "includes_once.h"
#include NAME
#define ANGLE <stddef.h>
#include ANGLE
#include_next <stdbool.h>
#import "includes_plain.inc"
#import "includes_plain.inc"
#include "includes_plain.inc"
#define MAKE(x) STR(x.inc)
#define STR(x) #x
#include MAKE(includes_again)
#include MAKE(includes_again)
bool b = true; __INCLUDE_LEVEL__
