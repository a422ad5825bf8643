/* drvfs.h: mounting one of the host's drives, as `mount -t drvfs` does. */
#ifndef LANDBRIDGE_INIT_DRVFS_H
#define LANDBRIDGE_INIT_DRVFS_H

#include <stdint.h>

#include "init/mountopts.h"
#include "lib/places.h"

/* Where our own mounts of drives are, and what we note of them. */
#define DRIVES_DIR LANDBRIDGE_RUN "/drives"

/* Mounts a drive or a directory of it: one that the hypervisor gives, else one that
 * the host's agent serves. A drive that is mounted already (a virtio-9p tag can be
 * mounted once) is bound from there, unless the agent serves it and options say whose
 * its files shall be. `why` gets what went wrong, for after "unable to mount SOURCE on
 * TARGET: ". 0 or negative errno; -EEXIST: it is there, and its options are not to be
 * changed so. */
struct drive_request {
	const char *source; /* "C:", "C:\\dir", as drive_source takes it */
	const char *target;
	const struct mountopts *options;
	char why[200];
};
int drive_mount(struct drive_request *r);

#endif
