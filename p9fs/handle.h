/* handle.h: files that the server has open for us.
 *
 * Those of open(2), which the kernel names in its requests until their last close(2).
 * And, where the kernel tells of neither (p9fs_config's guest_locks), those that a read
 * or a write needed: they are lent to one operation after the other, and closed when
 * nobody has wanted them for a while. Private to p9fs.
 */
#ifndef LANDBRIDGE_P9FS_HANDLE_H
#define LANDBRIDGE_P9FS_HANDLE_H

#include <stdbool.h>
#include <stdint.h>

#include "p9fs/inode.h"
#include "p9fs/remote.h"

struct op;
struct p9fs;
struct fuse_request;

enum {
	HANDLE_LINGER_MS = 300, /* a lent one that is not wanted */
	HANDLES_LENT = 1024,    /* ... and when there are so many, the oldest go at once */
};

/* An open file or directory: what the kernel's fh points at. */
struct handle {
	uint32_t fid;
	struct inode *inode; /* pinned */
	struct handle *next;
	bool lent;
	uint32_t flags; /* of those lent: P9_O_*, how it was opened */
	unsigned users; /* ... operations that have it now */
	int64_t until;  /* ... when it is closed without any */
	struct handle *newer, *older;
};

struct handles {
	struct handle *newest, *oldest; /* those lent */
	unsigned count;
};

/* fid is one that the server has opened; it is dropped when there is no memory
 * (NULL). lent: with these flags, to the caller. */
struct handle *handle_new(struct p9fs *m, struct inode *inode, uint32_t fid);
void handle_lend(struct p9fs *m, struct handle *handle, uint32_t flags);
void handle_give_back(struct p9fs *m, struct handle *handle);
void handle_drop(struct p9fs *m, struct handle *handle);

/* One of the inode's that may do what `flags` say, lent to the caller; NULL: none. */
struct handle *handle_find(struct p9fs *m, const struct inode *inode, uint32_t flags);
/* The server is gone, and with it those lent. */
void handles_lose(struct p9fs *m);
/* Closes those that nobody has wanted. When to call it next, in ms from now; -1: not
 * until one more is given back. */
int handles_sweep(struct p9fs *m);

#endif
