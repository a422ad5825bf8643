/* op_attr.c: attributes of files, and of the file system. */
#include "p9fs/ops.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/lib.h"

/* --- getattr ----------------------------------------------------------------------- */

static void getattr_end(struct op *op)
{
	if (op->passing)
		op->attr.attr_valid = op->attr.attr_valid_nsec = 0;
	op_give(op, &op->attr, sizeof(op->attr));
}

/* A file that was kept and is no more, as by a second link, is from here on compared. */
static void getattr_replied(struct op *op, const struct p9_msg *r)
{
	struct p9fs *m = op->mount;
	struct inode *inode = op->inode;
	bool is_root = inode == &m->inodes.root, was_kept = inode->kept;
	struct timespec valid;

	inode->kept = (is_root || was_kept) && r->qid.type & P9_QTKEPT;
	if (was_kept && !inode->kept)
		promise_forget(m, inode);
	valid = op_cache(m, inode, inode->kept && promise_holds(op, inode, r->qid));
	op->attr = (struct fuse_attr_out){ .attr_valid = (uint64_t)valid.tv_sec,
					   .attr_valid_nsec = (uint32_t)valid.tv_nsec,
					   .attr = attr_of(m, r->qid.path, &r->attr) };
	inode->size = r->attr.size;
	if (op_is_other(op, inode, r->qid))
		op_fence_bytes(op, getattr_end);
	else
		getattr_end(op);
}

static void getattr_send(struct op *op)
{
	struct p9_msg t = { .type = P9_TGETATTR, .fid = op_any_fid(op), .mask = P9_ATTR_BASIC };

	op_send(op, &t, getattr_replied);
}

static void getattr_listed(struct op *op, const struct p9_dirent *entry)
{
	op->attr = (struct fuse_attr_out){
		.attr_valid = (uint64_t)op_cache(op->mount, op->inode, true).tv_sec,
		.attr = attr_of(op->mount, entry->qid.path, &entry->attr),
	};
	op->inode->size = entry->attr.size;
	getattr_end(op);
}

void on_getattr(struct p9fs *m, const struct fuse_request *q)
{
	struct op *op = op_new(m, q);
	struct p9_listed listed;

	if (op && listing_inode(m, op->inode, &listed))
		getattr_listed(op, &listed.entry);
	else if (op)
		op_reach_any(op, getattr_send);
}

/* --- setattr ------------------------------------------------------------------------- */

static const struct {
	uint32_t fuse, p9;
} set_bits[] = {
	{ FATTR_MODE, P9_SET_MODE },
	{ FATTR_UID, P9_SET_UID },
	{ FATTR_GID, P9_SET_GID },
	{ FATTR_SIZE, P9_SET_SIZE },
	{ FATTR_ATIME, P9_SET_ATIME | P9_SET_ATIME_SET },
	{ FATTR_MTIME, P9_SET_MTIME | P9_SET_MTIME_SET },
	{ FATTR_ATIME_NOW, P9_SET_ATIME },
	{ FATTR_MTIME_NOW, P9_SET_MTIME },
	{ FATTR_CTIME, P9_SET_CTIME },
};

static void setattr_replied(struct op *op, const struct p9_msg *r)
{
	(void)r;
	op_reach_any(op, getattr_send);
}

/* The kernel sends both ATIME and ATIME_NOW for "now". */
static uint32_t set_mask(uint32_t to_set)
{
	uint32_t mask = 0;

	for (size_t i = 0; i < sizeof(set_bits) / sizeof(set_bits[0]); i++)
		if (to_set & set_bits[i].fuse)
			mask |= set_bits[i].p9;
	if (to_set & FATTR_ATIME_NOW)
		mask &= ~P9_SET_ATIME_SET;
	if (to_set & FATTR_MTIME_NOW)
		mask &= ~P9_SET_MTIME_SET;
	return mask;
}

static void setattr_send(struct op *op)
{
	const struct fuse_setattr_in *set = &op->set;
	struct p9_msg t = { .type = P9_TSETATTR,
			    .fid = op->handle ? op->handle->fid : op_any_fid(op),
			    .mask = set_mask(set->valid),
			    .attr = { .mode = set->mode & 07777,
				      .uid = set->uid,
				      .gid = set->gid,
				      .size = set->size,
				      .atime = { set->atime, set->atimensec },
				      .mtime = { set->mtime, set->mtimensec } } };

	op_send(op, &t, setattr_replied);
}

/* With a handle it is ftruncate(2): what it may was settled by open(2). */
void on_setattr(struct p9fs *m, const struct fuse_request *q)
{
	struct op *op = op_new(m, q);

	if (!op)
		return;
	op->set = *q->setattr;
	if (m->config.own && op->set.valid & (FATTR_UID | FATTR_GID)) {
		op_end(op, EPERM);
		return;
	}
	op_changes(op);
	if (op->set.valid & FATTR_FH)
		op->handle = handle_of(op->set.fh);
	if (op->handle)
		setattr_send(op);
	else
		op_reach_any(op, setattr_send);
}

/* --- the others ------------------------------------------------------------------------ */

static void readlink_replied(struct op *op, const struct p9_msg *r)
{
	const char *before = op->mount->config.links;
	char target[PATH_MAX];
	size_t len;

	if (!before || r->target.len == 0 || r->target.at[0] != '/') {
		op_give(op, r->target.at, r->target.len);
		return;
	}
	len = fmt(target, sizeof(target), "%s%.*s", before, (int)r->target.len, r->target.at);
	if (len >= sizeof(target))
		op_end(op, ENAMETOOLONG);
	else
		op_give(op, target, len);
}

static void readlink_send(struct op *op)
{
	struct p9_msg t = { .type = P9_TREADLINK, .fid = op->inode->fid };

	op_send(op, &t, readlink_replied);
}

void on_readlink(struct p9fs *m, const struct fuse_request *q)
{
	struct op *op = op_new(m, q);

	if (op)
		op_reach(op, readlink_send);
}

static void access_replied(struct op *op, const struct p9_msg *r)
{
	(void)r;
	op_end(op, 0);
}

static void access_send(struct op *op)
{
	struct p9_msg t = { .type = P9_TACCESS,
			    .fid = op_any_fid(op),
			    .flags = (op->mode & R_OK ? P9_ACCESS_READ : 0) |
				     (op->mode & W_OK ? P9_ACCESS_WRITE : 0) |
				     (op->mode & X_OK ? P9_ACCESS_EXEC : 0) };

	op_send(op, &t, access_replied);
}

void on_access(struct p9fs *m, const struct fuse_request *q)
{
	struct op *op = op_new(m, q);

	if (!op)
		return;
	op->mode = q->access->mask;
	op_reach_any(op, access_send);
}

static void statfs_replied(struct op *op, const struct p9_msg *r)
{
	const struct p9_statfs *fs = &r->statfs;
	const struct fuse_statfs_out out = { .st = { .bsize = fs->bsize,
						     .frsize = fs->bsize,
						     .blocks = fs->blocks,
						     .bfree = fs->bfree,
						     .bavail = fs->bavail,
						     .files = fs->files,
						     .ffree = fs->ffree,
						     .namelen = fs->namelen } };

	op_give(op, &out, sizeof(out));
}

static void statfs_send(struct op *op)
{
	struct p9_msg t = { .type = P9_TSTATFS, .fid = op_any_fid(op) };

	op_send(op, &t, statfs_replied);
}

void on_statfs(struct p9fs *m, const struct fuse_request *q)
{
	struct op *op = op_new(m, q);

	if (op)
		op_reach_any(op, statfs_send);
}
