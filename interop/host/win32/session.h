/* session.h: a session in a guest, as a caller of its agent on this host. */
#ifndef LANDBRIDGE_INTEROP_HOST_WIN32_SESSION_H
#define LANDBRIDGE_INTEROP_HOST_WIN32_SESSION_H

#include "interop/host/options.h"
#include "interop/host/session_open.h"
#include "interop/link/link.h"

/* Whether somebody sits at a console that both our stdin and stdout are. */
bool session_on_terminal(void);

/* The current directory, which the guest understands if it has that drive. Where it is
 * nobody's wish a session that cannot be there is in its home. */
enum { SESSION_DIR_MAX = 3 * 32 * 1024 };
const char *session_here(char out[SESSION_DIR_MAX]);

/* Runs it to its end, and says why it failed. An exit status. */
int session_run(const struct cookie *agent, const struct session *session, bool dir_is_wish);

/* landbridge exec and shell. */
int session_main(const struct options *options, struct fault *why);

#endif
