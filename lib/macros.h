/* macros.h: the two macros that all share. Pure. */
#ifndef LANDBRIDGE_LIB_MACROS_H
#define LANDBRIDGE_LIB_MACROS_H

#include <stddef.h>

#define array_len(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#endif
