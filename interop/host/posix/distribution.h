/* distribution.h: a distribution: a system that `landbridge import` made, known by
 * its name, which keeps what is written to it.
 *
 * $LANDBRIDGE_HOME/distributions/NAME. In it:
 *
 *     disk.qcow2  the system; what is deleted in it gives its room back
 *     profile     its settings (profile.h)
 *
 * Whoever uses or changes it holds a lock (flock(2)) on the directory: one machine
 * at a time. $LANDBRIDGE_HOME/default has the name of the one that is meant when none is
 * named. A name that begins with a dot is one that is being made.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_DISTRIBUTION_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_DISTRIBUTION_H

#include "interop/host/options.h"
#include "interop/host/posix/where.h"
#include "interop/host/posix/machine.h"
#include "interop/host/profile.h"

struct distribution {
	char name[MACHINE_NAME]; /* "": none */
	char dir[PATH_MAX], disk[PATH_MAX];
	int lock;                  /* held; -1 */
	char profile[PROFILE_MAX]; /* options point into it */
};

/* Finds one: 0 or -ENOENT. Nothing is held. */
int distribution_find(struct distribution *d, const struct dirs *dirs, const char *name);

/* The same for a person. */
int distribution_need(struct distribution *d, const struct dirs *dirs, const char *name,
		      struct fault *why);

/* The name of the default one, to out of MACHINE_NAME; -ENOENT: none is. */
int distribution_default(const struct dirs *dirs, char *out);
/* name NULL: none. */
int distribution_set_default(const struct dirs *dirs, const char *name, struct fault *why);

/* Reads its profile, and writes it. */
int distribution_read(struct distribution *d, struct fault *why);
int distribution_write(const struct distribution *d, struct fault *why);

/* Holds it, so that no machine has it, and no other command. `to`: what for. */
int distribution_hold(struct distribution *d, const char *to, struct fault *why);

/* Whether somebody does. */
bool distribution_is_held(const struct distribution *d);

/* Reads the profile and puts its settings below those that were given. */
int distribution_apply(struct distribution *d, struct options *options, struct fault *why);

/* Calls `each` for all of them, by name. */
int distributions_each(const struct dirs *dirs,
		       int (*each)(void *owner, const struct distribution *d), void *owner);

#endif
