/* op_file.c: open files. */
#include "p9fs/ops.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* --- opening ------------------------------------------------------------------------ */

static uint32_t open_flags(int flags)
{
	static const struct {
		int here;
		uint32_t p9;
	} bits[] = {
		{ O_TRUNC, P9_O_TRUNC }, { O_APPEND, P9_O_APPEND },   { O_DSYNC, P9_O_DSYNC },
		{ O_EXCL, P9_O_EXCL },   { O_NOATIME, P9_O_NOATIME },
	};
	uint32_t p9 = (uint32_t)flags & P9_O_ACCMODE; /* the same numbers everywhere */

	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		if (flags & bits[i].here)
			p9 |= bits[i].p9;
	return (flags & O_SYNC) == O_SYNC ? p9 | P9_O_SYNC : p9;
}

/* The handle of a file that the server has opened as op->newfid, or NULL after
 * an answer. */
static struct handle *open_handle(struct op *op, struct inode *inode)
{
	struct handle *handle = malloc(sizeof(*handle));

	if (!handle)
		return NULL;
	handle_add(handle, inode, op_take_newfid(op));
	op->fi.fh = (uintptr_t)handle;
	return handle;
}

static void handle_drop(struct p9fs *m, struct handle *handle)
{
	remote_clunk(&m->remote, handle->fid);
	handle_remove(&m->inodes, handle);
	free(handle);
}

/* Files of /proc and its like: to be read to their end, wherever that is. */
static bool size_is_unknown(const struct p9_msg *r)
{
	return S_ISREG(r->attr.mode) && r->attr.size == 0 && r->qid.version == 0;
}

static void open_replied(struct op *op, const struct p9_msg *r)
{
	int err = wopen_error(r);
	struct handle *handle = err ? NULL : open_handle(op, op->inode);

	if (!handle) {
		op_end(op, err ? ELOOP : ENOMEM); /* no names: all that stops it is a link */
		return;
	}
	op->fi.direct_io = size_is_unknown(r);
	/* Whoever opens a file sees it as it is, and not as it was remembered. */
	if (op->mount->config.cache > 0)
		fuse_lowlevel_notify_inval_inode(op->mount->fuse, ino_of(op->mount, op->inode), -1,
						 0);
	if (fuse_reply_open(op->req, &op->fi) < 0) /* open(2) was interrupted */
		handle_drop(op->mount, handle);
	op_free(op);
}

static void open_send(struct op *op)
{
	struct p9_msg t = { .type = P9_TWOPEN,
			    .fid = op->inode->fid,
			    .newfid = op_newfid(op),
			    .flags = op->mode,
			    .gid = P9_NOUID,
			    .mask = P9_ATTR_BASIC };

	op_send(op, &t, open_replied);
}

static void open_as(fuse_req_t req, fuse_ino_t ino, const struct fuse_file_info *fi, uint32_t flags)
{
	struct op *op = op_new(req, ino);

	if (!op)
		return;
	op->fi = *fi;
	op->mode = flags;
	if ((fi->flags & O_ACCMODE) == O_ACCMODE)
		op_end(op, EINVAL);
	else
		op_reach(op, open_send);
}

void on_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	open_as(req, ino, fi, open_flags(fi->flags) & ~P9_O_EXCL);
}

void on_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	open_as(req, ino, fi, P9_O_RDONLY | P9_O_DIRECTORY);
}

/* --- creating ------------------------------------------------------------------------- */

static void create_replied(struct op *op, const struct p9_msg *r)
{
	struct p9fs *m = op->mount;
	struct fuse_entry_param entry;
	struct handle *handle = NULL;
	struct inode *inode;
	int err = wopen_error(r);

	if (err) { /* a link is there: the kernel is to follow it itself */
		op_end(op, r->status == P9_WOPEN_STOPPED ? ESTALE : err);
		return;
	}
	/* Its own fid is walked to only when somebody needs one. */
	inode = inode_see(&m->inodes, op->inode, op->name, r->qid.path, P9_NOFID);
	if (inode)
		handle = open_handle(op, inode);
	if (!handle) {
		if (inode)
			inode_forget(&m->inodes, inode, 1);
		op_end(op, ENOMEM);
		return;
	}
	entry = entry_of(m, inode, r->qid.path, &r->attr);
	if (fuse_reply_create(op->req, &entry, &op->fi) < 0) {
		handle_drop(m, handle);
		inode_forget(&m->inodes, inode, 1);
	}
	op_free(op);
}

static void create_send(struct op *op)
{
	struct p9_msg t = { .type = P9_TWOPEN,
			    .fid = op->inode->fid,
			    .newfid = op_newfid(op),
			    .flags = open_flags(op->fi.flags) | P9_O_CREAT,
			    .wflags = P9_WOPEN_NOT_DIR | P9_WOPEN_MODE,
			    .mode = op->mode,
			    .gid = P9_NOUID,
			    .mask = P9_ATTR_BASIC,
			    .name_count = 1,
			    .names = { p9_text(op->name) } };

	op_send(op, &t, create_replied);
}

void on_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
	       struct fuse_file_info *fi)
{
	struct op *op = op_new(req, parent);

	if (!op || !op_name(op, op->name, name))
		return;
	op->fi = *fi;
	op->mode = mode & 07777;
	op_reach(op, create_send);
}

/* --- bytes --------------------------------------------------------------------------- */

static void read_more(struct op *op);

/* A server may give less than was asked for before the end of the file. The
 * kernel takes that for the end, so there the rest is asked for. */
static bool read_is_over(const struct op *op, const struct p9_msg *r)
{
	uint64_t end = (uint64_t)op->off + op->got + r->count;

	return r->count == 0 || op->got + r->count == op->size || end >= op->inode->size;
}

static void read_replied(struct op *op, const struct p9_msg *r)
{
	bool over = read_is_over(op, r);

	if (r->count > op->size - op->got) {
		op_end(op, EIO);
		return;
	}
	if (over && op->got == 0) {
		fuse_reply_buf(op->req, (const char *)r->data, r->count);
		op_free(op);
		return;
	}
	if (!op->data)
		op->data = malloc(op->size);
	if (!op->data) {
		op_end(op, ENOMEM);
		return;
	}
	memcpy(op->data + op->got, r->data, r->count);
	op->got += r->count;
	if (!over) {
		read_more(op);
		return;
	}
	fuse_reply_buf(op->req, (const char *)op->data, op->got);
	op_free(op);
}

static void read_more(struct op *op)
{
	struct p9_msg t = { .type = P9_TREAD,
			    .fid = handle_of(&op->fi)->fid,
			    .offset = (uint64_t)op->off + op->got };

	t.count = op_io_count(op) - (uint32_t)op->got;
	op_send(op, &t, read_replied);
}

void on_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	struct op *op = op_new(req, ino);

	if (!op)
		return;
	op->fi = *fi;
	op->size = size;
	op->off = off;
	read_more(op);
}

static void write_replied(struct op *op, const struct p9_msg *r)
{
	if (r->count > op->size) {
		op_end(op, EIO);
		return;
	}
	if ((uint64_t)op->off + r->count > op->inode->size)
		op->inode->size = (uint64_t)op->off + r->count;
	fuse_reply_write(op->req, r->count);
	op_free(op);
}

/* NOLINTNEXTLINE(readability-function-size): libfuse's own six parameters */
void on_write(fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t off,
	      struct fuse_file_info *fi)
{
	struct p9_msg t = { .type = P9_TWRITE,
			    .fid = handle_of(fi)->fid,
			    .offset = (uint64_t)off,
			    .data = (const uint8_t *)data };
	struct op *op = op_new(req, ino);

	if (!op)
		return;
	op->size = size;
	op->off = off;
	t.count = op_io_count(op);
	op_send(op, &t, write_replied);
}

static void done(struct op *op, const struct p9_msg *r)
{
	(void)r;
	op_end(op, 0);
}

void on_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	struct p9_msg t = { .type = P9_TFSYNC,
			    .fid = handle_of(fi)->fid,
			    .datasync = (uint32_t)datasync };
	struct op *op = op_new(req, ino);

	if (op)
		op_send(op, &t, done);
}

static void seek_replied(struct op *op, const struct p9_msg *r)
{
	if (r->offset > INT64_MAX) {
		op_end(op, EIO);
		return;
	}
	fuse_reply_lseek(op->req, (off_t)r->offset);
	op_free(op);
}

/* SEEK_DATA and SEEK_HOLE; for all else the kernel does not ask. */
void on_lseek(fuse_req_t req, fuse_ino_t ino, off_t off, int whence, struct fuse_file_info *fi)
{
	struct p9_msg t = { .type = P9_TWSEEK,
			    .fid = handle_of(fi)->fid,
			    .offset = (uint64_t)off,
			    .flags = whence == SEEK_HOLE ? P9_SEEK_HOLE : P9_SEEK_DATA };
	struct op *op = op_new(req, ino);

	if (op)
		op_send(op, &t, seek_replied);
}

/* close(2): the process's fcntl(2) locks on the file go, whichever descriptor
 * they were taken through. */
void on_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct op *op = op_new(req, ino);

	if (!op)
		return;
	op->fi = *fi;
	if (op->inode->locked)
		op_unlock_all(op, handle_of(fi), done);
	else
		op_end(op, 0);
}

/* The last close(2) of an open file: its flock(2) lock goes. */
void on_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct p9fs *m = p9fs_of(req);
	struct handle *handle = handle_of(fi);
	struct op *op = op_new(req, ino);

	if (op) {
		op->fi = *fi;
		if (fi->flock_release)
			op_unlock_all(op, handle, done);
		else
			op_end(op, 0);
	}
	handle_drop(m, handle);
}
