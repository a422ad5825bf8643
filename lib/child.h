/* child.h: starting a child process, and waiting for it.
 *
 * A child begins as struct child_setup says: in a session of its own or not,
 * with these descriptors as 0, 1, 2, ..., with every signal at its default and
 * none blocked whatever the parent ignores, blocks or takes as events
 * (signals.h). There are two ways:
 *
 *   child_fork   goes on in our own code, with a copy of our memory;
 *   child_exec   shares our memory until it execs (CLONE_VM | CLONE_VFORK,
 *                clone(2)), which costs no copy of page tables, and tells
 *                exactly why an exec did not come about.
 *
 * No heap, no descriptor left over, nothing printed: PID 1 may use all of it.
 * Being a subreaper (prctl(2) PR_SET_CHILD_SUBREAPER) and reaping are the
 * parent's affair. For processes of one thread.
 */
#ifndef LANDBRIDGE_LIB_CHILD_H
#define LANDBRIDGE_LIB_CHILD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum child_flag {
	CHILD_SESSION = 1, /* leads a session, and so a process group, of its own: setsid(2) */
	CHILD_TTY = 2,     /* with SESSION: fds[0] becomes its controlling terminal */
	CHILD_ALONE = 4,   /* has none but `fds`: for one that does not exec, where what is
			      close-on-exec would stay */
};

enum { CHILD_FDS = 8 };

/* All zero: a child like us but for the signals. */
struct child_setup {
	unsigned flags;   /* enum child_flag */
	int death_signal; /* which it gets when we end (PR_SET_PDEATHSIG); 0: none */
	const int *fds;   /* fds[i] becomes descriptor i, inherited over exec(2); they may be
			     among 0, 1, 2 themselves; -1: /dev/null */
	size_t fd_count;  /* at most CHILD_FDS; 0: descriptors are as ours are */
	const char *name; /* for ps(1), of one that does not exec: at most 15 bytes; NULL: ours */
};

/* As fork(2): 0 in the child, which is set up then (one that cannot be ends
 * with status 127); in the parent its pid or negative errno. */
pid_t child_fork(const struct child_setup *setup);

/* Calls `exec` in the child. It ends in exec(2), or returns a negative errno;
 * it may write to our variables (what failed, for instance), may change its own
 * ids, directory and descriptors, and must neither allocate nor return
 * otherwise. Stack: 128 KiB. Returns when it has exec'ed: its pid; or when that
 * failed: the negative errno of it or of the setup, with no child left. */
pid_t child_exec(const struct child_setup *setup, int (*exec)(void *arg), void *arg);

/* Whether our child ends within `ms` (0: has ended); it stays unreaped. Uses no
 * descriptor, so neither an old kernel nor a full table makes it wait longer.
 * A SIGCHLD that comes meanwhile is pending afterwards where it is blocked. */
int child_ends(pid_t pid, int64_t ms);

/* Waits at most `ms` for our child, and reaps it: its wait status. One that
 * does not end in time gets KILL and is reaped if it ends of that: -ETIMEDOUT.
 * Or another negative errno. */
int child_wait(pid_t pid, int64_t ms);

#endif
