/* spawn.h: children of PID 1 during boot. */
#ifndef LANDBRIDGE_INIT_SPAWN_H
#define LANDBRIDGE_INIT_SPAWN_H

#include <sys/types.h>

/* Forks: a child with default signals, none blocked, in a session of its own.
 * As fork(2): 0 in the child; negative errno. */
pid_t spawn_fork(void);

/* Waits at most `ms` for a child, reaping others meanwhile. SIGCHLD must be
 * blocked. Returns its wait status, or -ETIMEDOUT. */
int spawn_wait(pid_t pid, int ms);

/* Runs part of a boot step in a child, which may use the heap and may hang: it
 * is ended after `ms`. `run` returns 0 or a negative errno, and says with
 * boot_unable what it could not do; so does this. */
struct boot;
struct part {
	int (*run)(void *owner);
	void *owner;
	int ms;
};
int spawn_part(struct boot *b, const struct part *part);

#endif
