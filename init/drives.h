/* drives.h: mounting the host's drives. Private to init/. */
#ifndef LANDBRIDGE_INIT_DRIVES_H
#define LANDBRIDGE_INIT_DRIVES_H

#include <stddef.h>
#include <stdint.h>

#include "init/mountopts.h"
#include "pathconv/pathconv.h"

/* The mount table without the heap: for PID 1, where this is on the stack. */
struct mount_table {
	struct mounts mounts;
	struct mount at[512];
	char text[96 * 1024];
};
int mount_table_read(struct mount_table *t);

/* Drives that the host gives as virtio-9p tags: bit 0 is "A:". */
uint32_t drives_9p(void);

/* Mounts a drive or a directory of it. A drive that is mounted already (a
 * virtio-9p tag can be mounted once) is bound from there. `why` gets what went
 * wrong, for after "unable to mount SOURCE on TARGET: ". 0 or negative errno. */
struct drive_request {
	const char *source; /* "C:", "C:\\dir", as drive_source takes it */
	const char *target;
	const struct mountopts *options;
	char why[200];
};
int drive_mount(struct drive_request *r);

#endif
