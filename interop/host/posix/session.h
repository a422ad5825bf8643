/* session.h: a login session in the guest, as a caller of an agent's socket. */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_SESSION_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_SESSION_H

#include <stdbool.h>

#include "interop/host/options.h"
#include "interop/host/session_open.h"
#include "interop/stream/stream.h"

/* Whether a person types on our standard input: then a login shell gets a
 * terminal, wherever its output goes (run | tee log), as with ssh(1). */
bool session_on_terminal(void);

/* Where the agent listens of the guest that was asked for, by its machine's
 * name or by --socket. `out` has room for PATH_MAX. */
int session_socket(const struct options *options, char *out, struct fault *why);

/* Runs it to its end over the agent that listens on `socket`. */
void session_run(const char *socket, const struct session *session, struct outcome *out);

#endif
