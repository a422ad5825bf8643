/* fmt.h: printf's useful part without stdio, for a program that has none.
 *
 * Conversions: %s %.*s %c %d %i %u %x %o %p %% with l, ll, z and h; a width,
 * `0` and `-` flags; a precision for %s only. No floating point, no %n.
 */
#ifndef LANDBRIDGE_LIB_FMT_H
#define LANDBRIDGE_LIB_FMT_H

#include <stdarg.h>
#include <stddef.h>

#include "lib/macros.h"

/* Writes at most size - 1 bytes and a NUL (nothing when size is 0). Returns
 * the length the whole text has, so `result >= size` means it was cut.
 * A NULL string prints as "(null)". */
size_t fmt(char *buf, size_t size, const char *format, ...) LIKE_PRINTF(3, 4);
size_t fmt_va(char *buf, size_t size, const char *format, va_list args) LIKE_PRINTF(3, 0);

#endif
