/* fuse_session.h: the descriptor of /dev/fuse: requests in, answers and
 * notifications out. Private to p9fs.
 *
 * A notification must never come from the thread that serves: the kernel waits
 * with it for locks that are held while it waits for us (see notifier.h).
 */
#ifndef LANDBRIDGE_P9FS_FUSE_SESSION_H
#define LANDBRIDGE_P9FS_FUSE_SESSION_H

#include "p9fs/fuse_wire.h"

struct fuse_session {
	int fd;       /* does not block; -1: none */
	uint8_t *buf; /* one request, with its data */
	size_t size;
	struct fuse_terms terms;
};

/* Owns fd in any case. 0 or negative errno. */
int fuse_session_init(struct fuse_session *s, int fd, const struct fuse_terms *terms);
void fuse_session_fini(struct fuse_session *s);

/* 1: *q is the next request, until the next call; 0: there is none. -ENODEV: it was
 * unmounted. What is not known or not in order is answered here (ENOSYS, EIO), as is
 * INIT; -EPROTONOSUPPORT: the kernel is too old. */
int fuse_session_read(struct fuse_session *s, struct fuse_request *q);
/* Gives the memory of what was read back to the kernel. */
void fuse_session_rest(struct fuse_session *s);
/* Whether it was unmounted, without waiting. */
bool fuse_session_is_over(const struct fuse_session *s);

/* Answers one request: `error` a positive errno, or 0 and data. 0, or negative errno:
 * the kernel did not take it; -ENOENT: nobody waits for it any more. Any thread. */
int fuse_answer(struct fuse_session *s, uint64_t unique, const void *data, size_t len);
int fuse_refuse(struct fuse_session *s, uint64_t unique, int error);

/* The kernel forgets what it keeps: of a file its attributes (off < 0), or its bytes
 * from off on too (len 0: all); a name in a directory, with all below it and what is
 * mounted there. 0 or negative errno; -ENOENT: it knew nothing of it. They may wait for requests under way. */
int fuse_notify_inode(struct fuse_session *s, uint64_t node, int64_t off, int64_t len);
int fuse_notify_entry(struct fuse_session *s, uint64_t dir, const char *name);

#endif
