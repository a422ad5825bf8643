/* macros.h: the macros that all share. Pure. */
#ifndef LANDBRIDGE_LIB_MACROS_H
#define LANDBRIDGE_LIB_MACROS_H

#include <stddef.h>

#define array_len(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* The compiler checks a function's arguments as printf(3)'s. A Windows compiler's
 * own printf knows no %z; ours does. */
#ifdef __MINGW32__
#define LIKE_PRINTF(text, first) __attribute__((format(gnu_printf, text, first)))
#else
#define LIKE_PRINTF(text, first) __attribute__((format(printf, text, first)))
#endif

#endif
