/* signals.h: taking signals as events for a while, and giving them back.
 * Private to interop/stream. SIGPIPE is ignored meanwhile.
 */
#ifndef LANDBRIDGE_INTEROP_STREAM_SIGNALS_H
#define LANDBRIDGE_INTEROP_STREAM_SIGNALS_H

#include <signal.h>

#include "lib/loop.h"

struct signals {
	struct watch watch; /* .ready set and .fd -1 before; read signalfd_siginfo there */
	sigset_t taken;     /* filled before */
	sigset_t mask;
	struct sigaction pipe, child;
};

/* Adds a signal to `taken` unless it is ignored: nohup(1) and the shells' `&`
 * rely on that. */
void signals_want(struct signals *s, int signal);
/* Blocks `taken` and watches it. SIGCHLD among it gets its normal disposition:
 * ignored, it would reap for us. 0 or negative errno. */
int signals_take(struct signals *s, struct loop *loop);
/* Also after a take that failed. */
void signals_give_back(struct signals *s);

#endif
