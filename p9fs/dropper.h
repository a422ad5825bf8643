/* dropper.h: has the kernel write back and let go of what it keeps of a file.
 *
 * The kernel does that while we wait, and may need us for it: to answer a read
 * that keeps a page locked, to take what a mapping has changed. So a thread
 * waits, and the others go on. Private to p9fs.
 */
#ifndef LANDBRIDGE_P9FS_DROPPER_H
#define LANDBRIDGE_P9FS_DROPPER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct fuse_session;

/* One file, and what is to be done then. In the caller's memory. */
struct drop {
	struct drop *next;
	uint64_t ino; /* the kernel's number */
	void (*done)(struct drop *drop);
};

struct dropper {
	struct fuse_session *fuse;
	pthread_t thread;
	bool running;
	int event; /* eventfd(2): some are done; -1 */
	pthread_mutex_t lock;
	pthread_cond_t more;
	bool stop;
	struct drop *wanted, **wanted_end;
	struct drop *dropped, **dropped_end;
	unsigned count; /* of both, and the one under way */
};

/* 0 or negative errno. The session must be mounted and outlive the dropper. */
int dropper_start(struct dropper *dropper, struct fuse_session *fuse);
/* There must be none under way (count is 0). Also for one that is zero. */
void dropper_stop(struct dropper *dropper);

void dropper_add(struct dropper *dropper, struct drop *drop);
/* When `event` is readable: calls `done` of those that are. */
void dropper_collect(struct dropper *dropper);

#endif
