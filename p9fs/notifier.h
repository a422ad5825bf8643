/* notifier.h: tells the kernel what it is not to keep any more.
 *
 * The kernel does that while we wait, and may need us for it: to answer a read
 * that keeps a page locked or a lookup that keeps a directory's lock, to take what
 * a mapping has changed. So a thread waits, and the others go on. Private to p9fs.
 */
#ifndef LANDBRIDGE_P9FS_NOTIFIER_H
#define LANDBRIDGE_P9FS_NOTIFIER_H

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>

#include "p9fs/fuse_session.h"

enum notice_kind {
	NOTICE_INODE, /* a file's attributes, and its bytes if off is not negative */
	NOTICE_ENTRY, /* a name in a directory */
	NOTICE_FENCE, /* nothing: all before it have been sent */
	NOTICE_CALL,  /* not to the kernel: `call`, of who must not wait for it either */
};

/* One of them, and what is to be done then. In the caller's memory until it is done,
 * with what it points at. */
struct notice {
	struct notice *next;
	enum notice_kind kind;
	uint64_t node; /* the kernel's number: of the file, or of the directory */
	int64_t off, len;
	const char *name; /* of an entry */
	int (*call)(struct notice *notice);
	int error; /* what the kernel, or it, said: negative errno */
	void (*done)(struct notice *notice);
};

struct notices {
	struct notice *first, **end;
};

struct notifier {
	struct fuse_session *fuse;
	bool running;
	int event; /* eventfd(2): some are done; -1 */
	pthread_mutex_t lock;
	sem_t more;  /* one for each that is wanted, and one for the end */
	sem_t ended; /* the thread has, but for giving its stack back */
	struct notices wanted, sent;
	unsigned count; /* of both, and the one under way */
};

/* 0 or negative errno. The session must be mounted and outlive the notifier. */
int notifier_start(struct notifier *notifier, struct fuse_session *fuse);
/* There must be none under way (count is 0). Also for one that is zero. */
void notifier_stop(struct notifier *notifier);

/* They are sent in the order in which they were added. */
void notifier_add(struct notifier *notifier, struct notice *notice);
/* When `event` is readable: calls `done` of those that were sent. */
void notifier_collect(struct notifier *notifier);

#endif
