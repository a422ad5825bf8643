/* session_open.h: what a host asks a guest for when it opens a session. Pure, but for
 * TERM and COLORTERM, which are read here.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_SESSION_OPEN_H
#define LANDBRIDGE_INTEROP_HOST_SESSION_OPEN_H

#include <stdbool.h>

#include "interop/wire/wire.h"

struct session {
	const char *user;     /* NULL: the image's default */
	char *const *command; /* NULL: the login shell */
	const char *program;  /* what that is, where it is not its first word */
	const char *cwd;      /* a path in the guest, ~/x, or a Windows one; NULL: the home */
	bool tty;             /* a terminal in the guest for the one on our fd 0 ... */
	uint16_t rows, cols;  /* ... which is so large; 0: unknown */
	bool one_output;      /* without: our stdout and stderr are one file */
};

/* OPEN's payload. */
void session_open(struct writer *w, const struct session *session);

#endif
