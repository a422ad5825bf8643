/* posix_mounts.h: which file systems of this machine are the host's own drives.
 *
 * A drive of the host does not say so itself: 9p reports what the file system
 * on its server is, virtiofs and ours (fuse.drvfs) have the magic number of every
 * FUSE program. Only the mount table (proc(5), /proc/PID/mountinfo) knows; what it
 * said is kept until it changes, of which poll(2) on it tells.
 */
#ifndef LANDBRIDGE_P9D_POSIX_MOUNTS_H
#define LANDBRIDGE_P9D_POSIX_MOUNTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { POSIX_MOUNTS_KNOWN = 32 };

struct posix_mounts {
	pthread_mutex_t lock;
	int table; /* /proc/self/mountinfo, to be polled; -1: closed */
	unsigned count;
	struct {
		dev_t dev;
		bool hosts;
	} known[POSIX_MOUNTS_KNOWN];
};

/* 0, or negative errno: there is no /proc. Each process needs its own. */
int fs_mounts_init(struct posix_mounts *mounts);
void fs_mounts_fini(struct posix_mounts *mounts);

/* Whether this device is a drive of the host. When the table cannot be read it
 * might be. */
bool fs_mounts_hosts(struct posix_mounts *mounts, dev_t dev);

/* The same, of a mount table's text. Pure. */
bool fs_mounts_text_hosts(const char *text, dev_t dev);

#endif
