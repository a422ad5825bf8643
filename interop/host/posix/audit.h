/* audit.h: what guests had run, in HOME/audit.log: a line for each program that was
 * asked for and one for how it ended. At 1 MiB it is copied over audit.log.1 and begins
 * anew. Both are opened ahead, for processes that can open nothing any more; many may
 * write at once.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_AUDIT_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_AUDIT_H

#include "lib/macros.h"

enum { AUDIT_MAX = 1 << 20 };

struct audit {
	int log, old; /* -1: none is kept */
};

/* 0 or negative errno; then nothing is kept. */
int audit_open(struct audit *audit, const char *home);

/* "2026-11-29T16:50:01Z text". What drives a terminal is left out of the text. */
void audit_say(const struct audit *audit, const char *format, ...) LIKE_PRINTF(2, 3);

#endif
