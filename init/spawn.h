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

#endif
