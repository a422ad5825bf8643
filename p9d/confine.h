/* confine.h: what a process of p9d gives up once it needs it no more.
 * Sources: seccomp(2), capabilities(7), prctl(2). */
#ifndef LANDBRIDGE_P9D_CONFINE_H
#define LANDBRIDGE_P9D_CONFINE_H

#include <stdbool.h>

enum confine_role {
	CONFINE_NOT = 0,
	CONFINE_DISPATCHER = 1, /* accepts, forks, chooses identities */
	CONFINE_SERVER = 2,     /* one user's files, or root's */
	CONFINE_SWITCH = 4,     /* several users' files, by per-thread credentials */
	CONFINE_DRIVE = 8,      /* one user's files, for another machine: makes no devices and
				   no files with rights of their own, also as root */
};

/* Leaves the capabilities that the role needs (none where the process has
 * none), sets no_new_privs, is not dumpable, and allows only the system calls
 * of the role: others fail with ENOSYS, so that no request can end the
 * process. Before threads are started. 0 or negative errno. */
int confine(enum confine_role role);

#endif
