/* promise.h: what the kernel may keep, and when it is told to forget.
 *
 * A server that answers Twwatch marks what it tells of changes to (P9_QTKEPT,
 * p9d/wire/wire.h). That the kernel keeps without an end: names, and that there is
 * no such name, listings, attributes, bytes. A change becomes notices to the kernel.
 *
 * A reply that was asked for before a change was heard of may be older than the
 * change. So an operation remembers what had been heard when it asked, and an inode
 * when something of it was heard last: only what was asked for later is kept.
 * Private to p9fs.
 */
#ifndef LANDBRIDGE_P9FS_PROMISE_H
#define LANDBRIDGE_P9FS_PROMISE_H

#include "p9fs/remote.h"

struct inode;
struct op;
struct p9fs;

struct promises {
	struct remote_call watch;
	bool given;     /* the server has said that it will tell */
	bool broken;    /* there was no memory to pass it on: the connection is to end */
	uint64_t heard; /* how many changes */
	uint64_t all;   /* which of them was one of everything; 0: none yet */
};

/* For remote_start: asks for them. */
struct remote_call *promises_ask(struct promises *promises);
/* Another server gives them now: nothing of what was kept is known to be right. */
void promises_lost(struct p9fs *m);

/* Whether the reply to op, about `inode` or a name in it, is a promise. */
bool promise_holds(const struct op *op, const struct inode *inode, struct p9_qid qid);
/* The kernel is to forget the file's attributes and bytes, or listing. */
void promise_forget(struct p9fs *m, const struct inode *inode);
/* ... and that the directory has such a name, with all that is below it. */
void promise_forget_name(struct p9fs *m, const struct inode *dir, const char *name);
/* The kernel was given bytes or a listing of op->inode that may be older than a
 * change it was told of: it is told once more. After the answer. */
void promise_renew(struct p9fs *m, struct inode *inode, uint64_t asked);

#endif
