/* audit.h: what guests had run, in HOME\audit.log, as on Linux: a line for each program
 * that was asked for and one for how it ended. At 1 MiB it is copied over audit.log.1 and
 * begins anew. For many threads.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_WIN32_AUDIT_H
#define LANDBRIDGE_INTEROP_HOST_WIN32_AUDIT_H

#include <windows.h>

#include "lib/macros.h"

struct audit {
	HANDLE log; /* NULL: none is kept */
	SRWLOCK lock;
	WCHAR path[MAX_PATH], old[MAX_PATH];
};

/* 0 or negative errno; then nothing is kept. */
int audit_open(struct audit *audit, const WCHAR *home);

/* "2026-11-29T16:50:01Z text". What drives a terminal is left out of the text. */
void audit_say(struct audit *audit, const char *format, ...) LIKE_PRINTF(2, 3);

#endif
