/* cgroup.h: limits on a process and all that it starts, together: a control group
 * (cgroups(7)), version 2 or, where the controllers are there, version 1.
 *
 * With version 2 it lies beside our own group, as one that has processes has no groups of
 * its own with limits: systemd gives a user the groups of his user manager, so in a
 * terminal of a desktop, or under `systemd-run --user --scope`, there is one to be had, and
 * in a login session there is not.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_CGROUP_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_CGROUP_H

#include <stddef.h>

/* A name of a group for who is called `name` in `dir`, as nobody else is. 0 or negative
 * errno. */
enum { CGROUP_NAME = 128 };
int cgroup_name(char out[CGROUP_NAME], const char *name, const char *dir);

/* For all in a group together; 0: no limit. */
struct limits {
	unsigned memory;    /* MiB, and no swap besides */
	unsigned processes; /* and threads */
};

/* This process goes into the group landbridge-NAME, which is made where it is not, with
 * those limits, one at least. Returns a descriptor by which children leave it
 * (cgroup_leave; with version 1 that is the one of memory alone, where both are), or
 * negative errno: -EOPNOTSUPP: there is no such limit here; -EACCES, -EPERM, -EROFS: not
 * for this user. A limit on memory holds without the one on processes. */
int cgroup_enter(const char *name, const struct limits *limits);

/* This process goes back to where it was, by the descriptor `outside`; -1: it did not
 * enter one. */
void cgroup_leave(int outside);

/* From the group in which cgroup_enter was called. 0 or negative errno: -EBUSY as long as
 * somebody is in it. */
int cgroup_remove(const char *name);

/* What cgroup_enter would say, by a trial in a process of its own. */
int cgroup_foresee(const struct limits *limits);

/* What is open where it cannot be had: a line for a person. `each` is what a process may
 * have all the same. Pure. */
enum { CGROUP_GAP_MAX = 256 };
size_t cgroup_gap(int error, unsigned each, char *out, size_t size);

/* The group of /proc/self/cgroup's text in the hierarchy of that controller, "": version
 * 2's. 0, -ENOENT, or -ENAMETOOLONG. Pure. */
int cgroup_own(const char *text, const char *controller, char *out, size_t size);

#endif
