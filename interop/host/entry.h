/* entry.h: one line of audit.log. Pure. */
#ifndef LANDBRIDGE_INTEROP_HOST_ENTRY_H
#define LANDBRIDGE_INTEROP_HOST_ENTRY_H

#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include "lib/macros.h"

enum { ENTRY_MAX = 1025 };

/* "2026-11-29T16:50:01Z text" and a newline; the length. What drives a terminal is left
 * out of the text, and what is too long cut off. `when` is UTC. */
size_t entry_format(char line[ENTRY_MAX], const struct tm *when, const char *format, va_list args)
	LIKE_PRINTF(3, 0);

#endif
