/* way.h: how a mount comes about and goes. Private to p9fs. */
#ifndef LANDBRIDGE_P9FS_WAY_H
#define LANDBRIDGE_P9FS_WAY_H

#include <stdint.h>

#include "p9fs/p9fs.h"

struct p9fs_way {
	/* Mounts; max_read: the most bytes of one read. The descriptor to serve it with,
	 * or negative errno with *step. */
	int (*mount)(const struct p9fs_config *config, uint32_t max_read, const char **step);
	/* Once the kernel has been answered for the first time: what it could not be told
	 * before. NULL: nothing. Into `device` the major and minor number. */
	void (*begun)(const struct p9fs_config *config, uint32_t device[2]);
	/* A descriptor of the mount's root that shows nothing which is mounted below, and
	 * in which names can be changed even of one that is read-only; negative errno: what
	 * is there is not that device. It keeps the mount alive, but does not keep it busy.
	 * Not for who serves it. NULL: there is none. */
	int (*clone)(const struct p9fs_config *config, const uint32_t device[2]);
	/* When that descriptor is closed, so that nobody can wait for us. */
	void (*unmount)(const struct p9fs_config *config);
};

#endif
