/* helper.h: landbridge-start.exe in Wine, which starts one program and tells its fate
 * (interop/host/start.h).
 *
 * Wine's own start and that of a console are most of what a launch costs, and neither
 * depends on the program: a helper can be started ahead, and be asked later.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_HELPER_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_HELPER_H

#include "interop/host/posix/wine.h"
#include "lib/child.h"

/* All that is open in it is -1 when nothing is. */
struct helper {
	pid_t pid;      /* our child, which leads a session; its caller reaps it */
	int reports;    /* it reports there; to be taken and closed by the caller */
	unsigned flags; /* START_TTY, START_AHEAD */
	/* What is kept to make it again. Wine sometimes ends before it has read a byte. */
	struct child_setup setup;
	int fds[3];    /* setup.fds */
	int theirs;    /* its end of the channel; -1: it is not to be made again */
	size_t unread; /* bytes of the request, all of them, once it was asked */
};

void helper_init(struct helper *h);

/* Starts one with setup's descriptors (at most 3), which stay the caller's. 0 or negative
 * errno. */
int helper_start(struct helper *h, const struct wine *wine, const struct child_setup *setup,
		 unsigned flags);

/* Whether it is one that can still be asked. */
bool helper_waits(const struct helper *h);

/* Tells it what to run, once. When it does not take it its end tells why. */
void helper_ask(struct helper *h, const void *request, size_t len);

/* It has ended. Makes it again if it has touched nothing of the request; at most once.
 * Returns its pid, or negative. */
pid_t helper_again(struct helper *h, const struct wine *wine);

/* It is not to be made again. */
void helper_settled(struct helper *h);

/* Ends it, unasked. */
void helper_end(struct helper *h);

#endif
