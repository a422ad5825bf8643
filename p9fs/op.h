/* op.h: one request of the kernel's while it is under way. Private to
 * p9fs.
 *
 * An operation goes through steps: op_reach finds a fid for the inode it is
 * about, op_send asks the server, and the function given to either is the next
 * step. The last one answers the kernel, with op_end, op_give or op_answer and op_free,
 * and by that ends the operation. An error reply ends it wherever it comes.
 */
#ifndef LANDBRIDGE_P9FS_OP_H
#define LANDBRIDGE_P9FS_OP_H

#include <stdlib.h>
#include <sys/types.h>

#include "p9fs/mount.h"

enum { OP_PATIENCE_MS = 2000 };

struct op;
typedef void op_reply(struct op *op, const struct p9_msg *r);

struct op {
	struct remote_call call;
	struct p9fs *mount;
	struct op *next, **at; /* of those under way */
	uint64_t unique;       /* the request's; 0: it was answered before the server did */
	op_reply *reply;       /* the step that waits for a reply */
	op_step *noticed;      /* the one that waits for the kernel */
	struct notice notice;
	op_step *reached;
	struct inode *inode, *other; /* what it is about; pinned */
	struct inode *goal;          /* op_reach: one of these */
	struct inode *walking;       /* ... and how far this walk goes */
	uint32_t newfid;             /* a fid it makes: clunked at the end unless it is taken */
	bool sent, flushing, parked, changes;
	bool passing; /* the kernel is not to keep the attributes that it is answered */
	bool once;    /* to do it again would do something else */
	enum { BEGIN_NOT, BEGIN_REACH, BEGIN_ANY, BEGIN_OPEN } begin; /* op_begin's */
	op_step *begun;
	uint64_t begin_fh;
	uint32_t begin_flags;
	struct op *next_parked;
	uint64_t asked;     /* what had been heard then (promise.h) */
	int64_t give_up_at; /* once it was interrupted */
	struct op *next_interrupted;
	struct handle *handle;  /* an open file */
	struct handle *lent;    /* the same, when it is to be given back */
	op_step *opened;        /* the step that waits for it */
	struct awaiting awaits; /* a directory that is being fetched */
	uint64_t owner;         /* of locks */
	struct fuse_file_lock lock;
	struct fuse_setattr_in set;
	union {
		struct fuse_attr_out attr;
		struct fuse_entry_out entry;
	};
	uint32_t flags;    /* of open(2), or of another call */
	uint32_t how_open; /* FOPEN_*: what the kernel is told of an open file */
	uint32_t mode, rdev;
	uint32_t stand_in; /* S_IF* of what is answered where there is no such name; 0: ENOENT */
	size_t size, got;  /* bytes wanted, and of a read there so far */
	uint64_t off, fh;
	uint8_t *data; /* on the heap: a link's target, an attribute's value, a read's bytes */
	char name[P9_NAME_MAX + 1], newname[P9_NAME_MAX + 1];
};

/* The inode, and the open file, that the kernel's number stands for. */
struct inode *inode_of(struct p9fs *m, uint64_t node);
uint64_t node_of(const struct p9fs *m, const struct inode *inode);
struct handle *handle_of(uint64_t fh); /* 0: NULL */

/* A new operation on the request's inode; NULL: the kernel was told that there is no
 * memory. op_name takes a name (newname likewise): false: it was told that the
 * name is too long, and the operation is over. */
struct op *op_new(struct p9fs *m, const struct fuse_request *q);
bool op_name(struct op *op, char to[P9_NAME_MAX + 1], const char *name);
void op_other(struct op *op, uint64_t node);

/* The next step, when op->inode (op_reach_of: the one given) has a fid. */
void op_reach(struct op *op, op_step *next);
void op_reach_of(struct op *op, struct inode *inode, op_step *next);
void op_send(struct op *op, struct p9_msg *t, op_reply *next);
/* The next step, when the kernel keeps nothing of op->inode's file any more: what
 * it was to write is written, and it asks for what it reads. Or, its attributes only. */
void op_drop(struct op *op, op_step *next);
void op_drop_attr(struct op *op, op_step *next);
/* The next step, when the kernel has been told all that was to be told until now: only
 * for a request that holds no directory's lock there, as looking up and the like do.
 * Or, has been told to forget the bytes that it was to forget. */
void op_fence(struct op *op, op_step *next);
void op_fence_bytes(struct op *op, op_step *next);
/* The next step, when op->handle is the open file that the kernel means; where it
 * means none (fh 0) one that may do what `flags` (P9_O_*) say. */
void op_open(struct op *op, uint64_t fh, uint32_t flags, op_step *next);
/* How much of op->size one message holds. */
uint32_t op_io_count(const struct op *op);
/* A fid that is not to be walked from: the inode's, or an open one's, which works
 * on when the name is gone; the next step, when there is one. */
uint32_t op_any_fid(const struct op *op);
void op_reach_any(struct op *op, op_step *next);
uint32_t op_newfid(struct op *op);
uint32_t op_take_newfid(struct op *op);

void op_end(struct op *op, int error);                     /* positive errno, 0: done */
void op_give(struct op *op, const void *data, size_t len); /* ... with this answer */
/* For a step that wants to know whether the kernel took its answer (negative errno), and
 * then frees what the operation has. */
int op_answer(struct op *op, const void *data, size_t len);
void op_free(struct op *op);

/* Begins as it did when the request came. */
void op_begin(struct op *op);

/* Interrupted operations whose servers have been silent for too long are answered
 * with EINTR. When to call it next, in ms from now; -1: not until one more is
 * interrupted. */
int ops_give_up(struct p9fs *m);
/* The kernel does not want the answer to a request any more. */
void ops_interrupt(struct p9fs *m, uint64_t unique);

struct fuse_attr attr_of(const struct p9fs *m, uint64_t id, const struct p9_attr *attr);
/* For how long the kernel may remember what is said of a file. Without a promise
 * not where locks are taken: a lock is often one for the files beside it, too. */
struct timespec op_cache(const struct p9fs *m, const struct inode *inode, bool kept);
/* A file that is not kept is another than the kernel was told of last, or one is kept
 * again that was not: it has been told to forget the bytes, and is to be answered behind
 * a fence. */
bool op_is_other(struct op *op, struct inode *inode, struct p9_qid qid);
/* What the kernel is told of a file that it finds by a name in op->inode, and that
 * `qid` and `attr` describe; inode may be NULL, for one it is not to remember. */
struct fuse_entry_out entry_of(const struct op *op, struct inode *inode, struct p9_qid qid,
			       const struct p9_attr *attr);
/* errno of what an Rwopen says of a single name: 0 when it was reached. */
int wopen_error(const struct p9_msg *r);

/* The answer to a request that made or found op->name in `parent`: looks it up. */
void op_entry(struct op *op);
/* The answer to such a request where nobody is to ask the server: the file `id` (0: one
 * that never was) of that type (S_IF*), for once. */
void op_stand_in(struct op *op, uint64_t id, uint32_t type);
/* Gives back all locks of op->owner. */
void op_unlock_all(struct op *op, const struct handle *handle, op_reply *next);

#endif
