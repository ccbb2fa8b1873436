#include "limit-reached.c"
