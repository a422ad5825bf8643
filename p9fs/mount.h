/* mount.h: all that a mount consists of. Private to p9fs. */
#ifndef LANDBRIDGE_P9FS_MOUNT_H
#define LANDBRIDGE_P9FS_MOUNT_H

#include <signal.h>

#include "p9fs/fuse_session.h"
#include "p9fs/handle.h"
#include "p9fs/inode.h"
#include "p9fs/listing.h"
#include "p9fs/notifier.h"
#include "p9fs/p9fs.h"
#include "p9fs/promise.h"
#include "p9fs/remote.h"
#include "p9fs/replay.h"

struct op;

struct p9fs {
	struct remote remote;
	struct inodes inodes;
	struct fuse_session fuse;
	struct notifier notifier;
	struct notifier dropper; /* of bytes alone, which waits for no directory's lock */
	struct promises promises;
	struct replay replay;
	struct listings listings;
	struct handles handles;
	struct p9fs_config config;
	struct op *under_way;
	struct op *parked, **parked_end; /* without a server (lost.h); the oldest first */
	int refusal;                     /* ... with this errno they end; 0: they wait for one */
	struct op *interrupted;          /* whose answers nobody wants any more; the oldest first */
	bool stop, begun;
	bool rested;        /* nothing has happened since the buffers gave up their memory */
	int signals;        /* signalfd(2) of those that end us; -1 */
	sigset_t unblocked; /* what was blocked before */
};

/* p9fs.c: connects; takes one request of the kernel's. 0 or negative errno. */
int p9fs_connect(struct p9fs *m);
int p9fs_take(struct p9fs *m);

#endif
