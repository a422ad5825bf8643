/* signals.h: taking signals as events of a loop, and giving them back.
 *
 *     signals_init(&s, caught);
 *     signals_want(&s, SIGCHLD); ...
 *     signals_take(&s, &loop);
 *     loop_run(&loop);
 *     signals_give_back(&s);
 *
 * In between they are blocked, `caught` is called with each (signalfd(2)), and
 * SIGPIPE is ignored. A child must not inherit that: start it with child.h.
 * For processes of one thread. No heap.
 */
#ifndef LANDBRIDGE_LIB_SIGNALS_H
#define LANDBRIDGE_LIB_SIGNALS_H

#include <signal.h>
#include <sys/signalfd.h>

#include "lib/loop.h"

/* SIGRTMIN+4 as glibc and systemd(1) count, which asks a PID 1 to power off; musl's own
 * SIGRTMIN is another number. */
enum { SIGNAL_POWER_OFF = 38 };

struct signals {
	void (*caught)(struct signals *s, const struct signalfd_siginfo *info);
	struct watch watch;
	sigset_t wanted;
	sigset_t mask; /* before */
	struct sigaction pipe, child;
};

void signals_init(struct signals *s,
		  void (*caught)(struct signals *s, const struct signalfd_siginfo *info));

/* Adds one to those that signals_take takes. polite: not one that is ignored,
 * as nohup(1) and the shells' `&` rely on. */
void signals_want(struct signals *s, int signal);
void signals_want_polite(struct signals *s, int signal);

/* SIGCHLD among them gets its normal disposition: ignored, it would reap for
 * us. 0 or negative errno. */
int signals_take(struct signals *s, struct loop *loop);

/* Mask and dispositions as they were. Also after a take that failed, and
 * inside `caught`. */
void signals_give_back(struct signals *s);

#endif
