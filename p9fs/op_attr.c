/* op_attr.c: attributes of files, and of the file system. */
#include "p9fs/ops.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- getattr ----------------------------------------------------------------------- */

static void getattr_replied(struct op *op, const struct p9_msg *r)
{
	struct stat st;

	stat_from(&st, r->qid.path, &r->attr);
	op->inode->size = r->attr.size;
	fuse_reply_attr(op->req, &st, op_cache(op->mount, op->inode));
	op_free(op);
}

static void getattr_send(struct op *op)
{
	struct p9_msg t = { .type = P9_TGETATTR, .fid = op_any_fid(op), .mask = P9_ATTR_BASIC };

	op_send(op, &t, getattr_replied);
}

void on_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct op *op = op_new(req, ino);

	(void)fi;
	if (op)
		op_reach_any(op, getattr_send);
}

/* --- setattr ------------------------------------------------------------------------- */

static const struct {
	int fuse;
	uint32_t p9;
} set_bits[] = {
	{ FUSE_SET_ATTR_MODE, P9_SET_MODE },
	{ FUSE_SET_ATTR_UID, P9_SET_UID },
	{ FUSE_SET_ATTR_GID, P9_SET_GID },
	{ FUSE_SET_ATTR_SIZE, P9_SET_SIZE },
	{ FUSE_SET_ATTR_ATIME, P9_SET_ATIME | P9_SET_ATIME_SET },
	{ FUSE_SET_ATTR_MTIME, P9_SET_MTIME | P9_SET_MTIME_SET },
	{ FUSE_SET_ATTR_ATIME_NOW, P9_SET_ATIME },
	{ FUSE_SET_ATTR_MTIME_NOW, P9_SET_MTIME },
	{ FUSE_SET_ATTR_CTIME, P9_SET_CTIME },
};

static struct p9_time time_to(struct timespec t)
{
	return (struct p9_time){ .sec = (uint64_t)t.tv_sec, .nsec = (uint64_t)t.tv_nsec };
}

static void setattr_replied(struct op *op, const struct p9_msg *r)
{
	(void)r;
	op_reach_any(op, getattr_send);
}

/* The kernel sends both ATIME and ATIME_NOW for "now". */
static uint32_t set_mask(int to_set)
{
	uint32_t mask = 0;

	for (size_t i = 0; i < sizeof(set_bits) / sizeof(set_bits[0]); i++)
		if (to_set & set_bits[i].fuse)
			mask |= set_bits[i].p9;
	if (to_set & FUSE_SET_ATTR_ATIME_NOW)
		mask &= ~P9_SET_ATIME_SET;
	if (to_set & FUSE_SET_ATTR_MTIME_NOW)
		mask &= ~P9_SET_MTIME_SET;
	return mask;
}

static void setattr_send(struct op *op)
{
	const struct stat *st = &op->attr;
	struct handle *handle = handle_of(&op->fi);
	struct p9_msg t = { .type = P9_TSETATTR,
			    .fid = handle ? handle->fid : op_any_fid(op),
			    .mask = set_mask(op->to_set),
			    .attr = { .mode = st->st_mode & 07777,
				      .uid = st->st_uid,
				      .gid = st->st_gid,
				      .size = (uint64_t)st->st_size,
				      .atime = time_to(st->st_atim),
				      .mtime = time_to(st->st_mtim) } };

	op_send(op, &t, setattr_replied);
}

/* With a handle it is ftruncate(2): what it may was settled by open(2). */
void on_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
		struct fuse_file_info *fi)
{
	struct op *op = op_new(req, ino);

	if (!op)
		return;
	op->attr = *attr;
	op->to_set = to_set;
	op->fi.fh = fi ? fi->fh : 0;
	if (fi)
		setattr_send(op);
	else
		op_reach_any(op, setattr_send);
}

/* --- the others ------------------------------------------------------------------------ */

static void readlink_replied(struct op *op, const struct p9_msg *r)
{
	char *target = strndup(r->target.at, r->target.len);

	if (!target) {
		op_end(op, ENOMEM);
		return;
	}
	fuse_reply_readlink(op->req, target);
	free(target);
	op_free(op);
}

static void readlink_send(struct op *op)
{
	struct p9_msg t = { .type = P9_TREADLINK, .fid = op->inode->fid };

	op_send(op, &t, readlink_replied);
}

void on_readlink(fuse_req_t req, fuse_ino_t ino)
{
	struct op *op = op_new(req, ino);

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

void on_access(fuse_req_t req, fuse_ino_t ino, int mask)
{
	struct op *op = op_new(req, ino);

	if (!op)
		return;
	op->mode = (mode_t)mask;
	op_reach_any(op, access_send);
}

static void statfs_replied(struct op *op, const struct p9_msg *r)
{
	const struct p9_statfs *fs = &r->statfs;
	struct statvfs st = { .f_bsize = fs->bsize,
			      .f_frsize = fs->bsize,
			      .f_blocks = fs->blocks,
			      .f_bfree = fs->bfree,
			      .f_bavail = fs->bavail,
			      .f_files = fs->files,
			      .f_ffree = fs->ffree,
			      .f_favail = fs->ffree,
			      .f_fsid = fs->fsid,
			      .f_namemax = fs->namelen };

	fuse_reply_statfs(op->req, &st);
	op_free(op);
}

static void statfs_send(struct op *op)
{
	struct p9_msg t = { .type = P9_TSTATFS, .fid = op_any_fid(op) };

	op_send(op, &t, statfs_replied);
}

void on_statfs(fuse_req_t req, fuse_ino_t ino)
{
	struct op *op = op_new(req, ino);

	if (op)
		op_reach_any(op, statfs_send);
}
