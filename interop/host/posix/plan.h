/* plan.h: all that is decided before a machine starts, so that what is wrong
 * with a request is found before QEMU runs.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_PLAN_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_PLAN_H

#include "interop/host/posix/distribution.h"
#include "interop/host/posix/machine.h"
#include "interop/host/posix/vm.h"
#include "interop/host/posix/wine.h"
#include "interop/host/rules.h"

struct plan {
	struct options options;
	struct dirs dirs;
	struct drives drives; /* the machine's, its agent's and Wine's */
	struct image image;
	struct disk_file disks[TEXTS_MAX]; /* as many as the options have */
	struct vm vm;
	struct machine machine;
	struct distribution distribution; /* what it boots, if that is one */
	struct wine wine;
	struct rules rules;    /* what its guest may run */
	bool apart;            /* whether its Windows programs can be (apart.h) */
	char socket[PATH_MAX]; /* where the agent listens */
};

/* Decides it, takes the machine's name (with `any`: one like it) and makes the
 * Wine prefix; of a dry run only what can be printed. NULL: see *why. */
struct plan *plan_make(const struct options *options, bool any, struct fault *why);

/* Lets go of all that this process holds of it; the machine stays whose
 * supervisor was forked. */
void plan_free(struct plan *plan);

#endif
