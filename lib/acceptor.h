/* acceptor.h: takes connections from a listening socket, in a loop.
 *
 * When there is no descriptor or memory for one, accept(2) fails and the socket
 * stays ready: unless its owner can make room, the acceptor looks away for a
 * while instead of spinning. Clients wait in the socket's queue meanwhile.
 */
#ifndef LANDBRIDGE_LIB_ACCEPTOR_H
#define LANDBRIDGE_LIB_ACCEPTOR_H

#include "lib/loop.h"

enum { ACCEPTOR_PAUSE_MS = 100 };

struct acceptor {
	struct watch watch;
	struct timer pause;
	int listener;
	bool failing;
	/* fd: close-on-exec and non-blocking, and the callee's. */
	void (*connected)(struct acceptor *acceptor, int fd);
	/* There was no room; error: positive errno. True: there is some now, which
	 * is tried at once. May be NULL: there never is. */
	bool (*make_room)(struct acceptor *acceptor, int error);
	/* Once for a row of failures; error: positive errno. May be NULL. */
	void (*failed)(struct acceptor *acceptor, int error);
};

/* `connected` must be set. The listener is made non-blocking, and
 * stays the caller's. 0 or negative errno. */
int acceptor_start(struct acceptor *acceptor, struct loop *loop, int listener);
/* Also for one that is zero but for its callbacks, or was never started. */
void acceptor_stop(struct acceptor *acceptor);

#endif
