/* session.h: a login session in the guest, as a caller of an agent's socket. */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_SESSION_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_SESSION_H

#include <stdbool.h>

#include "interop/stream/stream.h"

struct session {
	const char *user;     /* NULL: the image's default */
	char *const *command; /* NULL: the login shell */
	bool tty;             /* a terminal in the guest for the one on our fd 0 */
};

/* Whether our own descriptors are a terminal to work at. */
bool session_on_terminal(void);

/* Runs it to its end over the agent that listens on `socket`. */
void session_run(const char *socket, const struct session *session, struct outcome *out);

#endif
