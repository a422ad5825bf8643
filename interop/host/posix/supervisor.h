/* supervisor.h: the process that owns a machine: QEMU and the agent are its
 * children, the machine's directory is its to remove, and all of them end with
 * it, whatever ends it.
 *
 *   run, start --pair--+             +-- QEMU      its console is ours
 *   stop --control-----+- supervisor +-- agent     Wine; jobs; shell, exec and mount
 *   console -----------+
 *
 * It serves callers over unix sockets: words to it are one byte, events from it
 * one struct supervisor_event, the last of which says how the machine ended.
 * The first caller is who started it: when that one goes, the machine ends,
 * unless it said KEEP before.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_SUPERVISOR_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_SUPERVISOR_H

#include "interop/host/posix/plan.h"

enum supervisor_word {
	SUPERVISOR_STOP = 's', /* ask the guest to power off; after a while it is ended */
	SUPERVISOR_END = 'e',  /* now */
	SUPERVISOR_KEEP = 'k', /* the machine stays when its first caller goes */
	SUPERVISOR_LOG = 'l',  /* put the log by when it ends */
	SUPERVISOR_TELL = 't', /* MACHINE_WRONG for what nobody was told yet: to the first caller
				  from now on, to others once, with MACHINE_UP after it */
};

enum supervisor_what {
	MACHINE_UP,        /* sessions can be opened */
	MACHINE_EMERGENCY, /* the boot failed (fault says of what); a shell is on the console */
	MACHINE_WRONG,     /* it is up, and fault says what is not as it should be: one line each */
	MACHINE_ENDING,    /* not as it was asked; fault says why, or the guest powered off */
	/* The last event: nothing is left of the machine. */
	MACHINE_STOPPED,     /* as it was asked */
	MACHINE_POWERED_OFF, /* as the guest wanted */
	MACHINE_FAILED,      /* fault says why */
};

struct supervisor_event {
	enum supervisor_what what;
	struct fault fault;
	char log[PATH_MAX]; /* of the last event: where the console's log was put; "": nowhere */
};

/* Forks it. The machine is its from here on; the plan is freed. Returns the
 * first caller's socket, or -1. *pid is the caller's child. */
int supervisor_start(struct plan *plan, pid_t *pid, struct fault *why);

/* Starts the machine of a distribution, which stays, and waits until it is up. Nothing
 * happens where no distribution has the name. */
int start_distribution(const char *name, struct fault *why);

/* One more caller, of a machine that lives. */
int supervisor_call(const struct machine *machine, struct fault *why);

void supervisor_say(int fd, enum supervisor_word word);

/* Waits for the next event. False: there was no last one, it was killed. */
bool supervisor_hear(int fd, struct supervisor_event *event);

/* Prints what is wrong with a machine that is up, and that nobody was told yet. */
void supervisor_print_wrong(const struct machine *machine);

/* "FAULT (log: PATH)", where there is one. */
void supervisor_add_log(struct fault *fault, const char *log);

#endif
