/* op.h: one request of the kernel's while it is under way. Private to
 * interop/host/mount.
 *
 * An operation goes through steps: op_reach finds a fid for the inode it is
 * about, op_send asks the server, and the function given to either is the next
 * step. The last one answers the kernel, with op_end or in its own words and op_free,
 * and by that ends the operation. An error reply ends it wherever it comes.
 */
#ifndef LANDBRIDGE_P9FS_OP_H
#define LANDBRIDGE_P9FS_OP_H

#define FUSE_USE_VERSION 35
#include <fuse3/fuse_lowlevel.h>
#include <fcntl.h>
#include <signal.h>

#include "p9fs/dropper.h"
#include "p9fs/remote.h"
#include "p9fs/inode.h"
#include "p9fs/p9fs.h"

enum { OP_PATIENCE_MS = 2000 };

struct p9fs {
	struct remote remote;
	struct inodes inodes;
	struct fuse_session *fuse;
	struct dropper dropper;
	struct p9fs_config config;
	struct op *interrupted; /* whose answers nobody wants any more; the oldest first */
	bool mounted, handles_signals;
	sigset_t signals, unblocked; /* those that end us; what was blocked before */
	char options[512];           /* libfuse's */
};

struct op;
typedef void op_step(struct op *op);
typedef void op_reply(struct op *op, const struct p9_msg *r);

struct op {
	struct remote_call call;
	struct p9fs *mount;
	fuse_req_t req;   /* NULL: it was answered before the server did */
	op_reply *reply;  /* the step that waits for a reply */
	op_step *dropped; /* the one that waits for the kernel */
	struct drop drop;
	op_step *reached;
	struct inode *inode, *other; /* what it is about; pinned */
	struct inode *goal;          /* op_reach: one of these */
	struct inode *walking;       /* ... and how far this walk goes */
	uint32_t newfid;             /* a fid it makes: clunked at the end unless it is taken */
	bool sent, flushing;
	int64_t give_up_at; /* once it was interrupted */
	struct op *next_interrupted;
	struct fuse_file_info fi;
	struct stat attr;
	struct flock lock;
	int to_set;
	mode_t mode;
	dev_t rdev;
	size_t size, got; /* bytes wanted, and of a read there so far */
	off_t off;
	uint8_t *data; /* on the heap: a link's target, an attribute's value, a read's bytes */
	char name[P9_NAME_MAX + 1], newname[P9_NAME_MAX + 1];
};

/* The mount a request is for; the inode that the kernel's number stands for. */
struct p9fs *p9fs_of(fuse_req_t req);
struct inode *inode_of(struct p9fs *m, fuse_ino_t ino);
fuse_ino_t ino_of(const struct p9fs *m, const struct inode *inode);

/* A new operation on an inode; NULL: the kernel was told that there is no
 * memory. op_name takes a name (newname likewise): false: it was told that the
 * name is too long, and the operation is over. */
struct op *op_new(fuse_req_t req, fuse_ino_t ino);
bool op_name(struct op *op, char to[P9_NAME_MAX + 1], const char *name);
void op_other(struct op *op, fuse_ino_t ino);

/* The next step, when op->inode (op_reach_of: the one given) has a fid. */
void op_reach(struct op *op, op_step *next);
void op_reach_of(struct op *op, struct inode *inode, op_step *next);
void op_send(struct op *op, struct p9_msg *t, op_reply *next);
/* The next step, when the kernel keeps nothing of op->inode's file any more: what
 * it was to write is written, and it asks for what it reads. */
void op_drop(struct op *op, op_step *next);
/* The open file that the kernel means; how much of op->size one message holds. */
struct handle *handle_of(const struct fuse_file_info *fi);
uint32_t op_io_count(const struct op *op);
/* A fid that is not to be walked from: the inode's, or an open one's, which works
 * on when the name is gone; the next step, when there is one. */
uint32_t op_any_fid(const struct op *op);
void op_reach_any(struct op *op, op_step *next);
uint32_t op_newfid(struct op *op);
uint32_t op_take_newfid(struct op *op);

void op_end(struct op *op, int error); /* positive errno, 0: done */
/* For a step of an answer of its own: frees what the operation has. */
void op_free(struct op *op);

/* Interrupted operations whose servers have been silent for too long are answered
 * with EINTR. When to call it next, in ms from now; -1: not until one more is
 * interrupted. */
int ops_give_up(struct p9fs *m);

void stat_from(struct stat *st, uint64_t id, const struct p9_attr *attr);
/* For how long the kernel may remember names and attributes of a file. Where locks
 * are taken it may not: a lock is often one for the files beside it, too. */
double op_cache(const struct p9fs *m, const struct inode *inode);
/* What the kernel is told of a file that it finds by a name; inode may be NULL, for
 * one it is not to remember. */
struct fuse_entry_param entry_of(const struct p9fs *m, struct inode *inode, uint64_t id,
				 const struct p9_attr *attr);
/* errno of what an Rwopen says of a single name: 0 when it was reached. */
int wopen_error(const struct p9_msg *r);

/* The answer to a request that made or found op->name in `parent`: looks it up. */
void op_entry(struct op *op);
/* Gives back all locks of fi's owner. */
void op_unlock_all(struct op *op, const struct handle *handle, op_reply *next);

#endif
