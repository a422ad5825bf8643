/* wide.h: UTF-8, as it crosses the border, and UTF-16, as Windows wants its text. */
#ifndef LANDBRIDGE_LIB_WIN32_WIDE_H
#define LANDBRIDGE_LIB_WIN32_WIDE_H

#include <stddef.h>
#include <wchar.h>

/* The `len` bytes as a new string with a NUL after it; those inside stay, so lists of
 * strings may be had so. *count, unless NULL, is without the NUL. NULL: no memory.
 * The caller's, by free(3). */
wchar_t *wide_new(const char *text, size_t len, size_t *count);

/* Into `out`, at most `size` bytes with the NUL. The length, or negative errno:
 * -ENAMETOOLONG, or -EILSEQ where a half of a pair stands alone. */
long wide_to_utf8(char *out, size_t size, const wchar_t *text);

#endif
