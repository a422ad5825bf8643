/* op_file.c: open files. */
#include "p9fs/ops.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- opening ------------------------------------------------------------------------ */

static uint32_t open_flags(uint32_t flags)
{
	static const struct {
		uint32_t here, p9;
	} bits[] = {
		{ O_TRUNC, P9_O_TRUNC }, { O_APPEND, P9_O_APPEND },   { O_DSYNC, P9_O_DSYNC },
		{ O_EXCL, P9_O_EXCL },   { O_NOATIME, P9_O_NOATIME },
	};
	uint32_t p9 = flags & P9_O_ACCMODE; /* the same numbers everywhere */

	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		if (flags & bits[i].here)
			p9 |= bits[i].p9;
	return (flags & O_SYNC) == O_SYNC ? p9 | P9_O_SYNC : p9;
}

/* The handle of a file that the server has opened as op->newfid, or NULL. */
static struct handle *open_handle(struct op *op, struct inode *inode)
{
	op->handle = handle_new(op->mount, inode, op_take_newfid(op));
	return op->handle;
}

/* Files of /proc and its like: to be read to their end, wherever that is. */
static bool size_is_unknown(const struct p9_msg *r)
{
	return S_ISREG(r->attr.mode) && r->attr.size == 0 && r->qid.version == 0;
}

static struct fuse_open_out open_out(const struct op *op)
{
	return (struct fuse_open_out){ .fh = (uintptr_t)op->handle, .open_flags = op->how_open };
}

static void open_end(struct op *op)
{
	const struct fuse_open_out out = open_out(op);

	if (op_answer(op, &out, sizeof(out)) < 0) /* open(2) was interrupted */
		handle_drop(op->mount, op->handle);
	op_free(op);
}

/* What the kernel has of it already is still right. */
static uint32_t how_kept(const struct op *op, const struct p9_msg *r)
{
	if (!op->inode->kept || !promise_holds(op, op->inode, r->qid))
		return 0;
	return S_ISDIR(r->attr.mode) ? FOPEN_KEEP_CACHE | FOPEN_CACHE_DIR : FOPEN_KEEP_CACHE;
}

static void open_replied(struct op *op, const struct p9_msg *r)
{
	int err = wopen_error(r);
	struct handle *handle = err ? NULL : open_handle(op, op->inode);

	if (!handle) {
		op_end(op, err ? ELOOP : ENOMEM); /* no names: all that stops it is a link */
		return;
	}
	op->how_open = size_is_unknown(r) ? FOPEN_DIRECT_IO : how_kept(op, r);
	/* Whoever opens a file sees it as it is, and not as it was remembered. */
	if (op->mount->config.cache > 0 && !op->how_open)
		op_drop_attr(op, open_end);
	else
		open_end(op);
}

static void open_send(struct op *op)
{
	struct p9_msg t = { .type = P9_TWOPEN,
			    .fid = op->inode->fid,
			    .newfid = op_newfid(op),
			    .flags = op->flags,
			    .gid = P9_NOUID,
			    .mask = P9_ATTR_BASIC };

	op_send(op, &t, open_replied);
}

static void open_as(struct p9fs *m, const struct fuse_request *q, uint32_t flags)
{
	struct op *op = op_new(m, q);

	if (!op)
		return;
	op->flags = flags;
	if (flags & P9_O_TRUNC)
		op_changes(op);
	if (m->config.guest_locks) /* from here on the kernel does not ask */
		op_end(op, ENOSYS);
	else if ((q->open->flags & O_ACCMODE) == O_ACCMODE)
		op_end(op, EINVAL);
	else
		op_reach(op, open_send);
}

void on_open(struct p9fs *m, const struct fuse_request *q)
{
	open_as(m, q, open_flags(q->open->flags) & ~P9_O_EXCL);
}

void on_opendir(struct p9fs *m, const struct fuse_request *q)
{
	open_as(m, q, P9_O_RDONLY | P9_O_DIRECTORY);
}

/* --- creating ------------------------------------------------------------------------- */

static void create_replied(struct op *op, const struct p9_msg *r)
{
	struct p9fs *m = op->mount;
	struct {
		struct fuse_entry_out entry;
		struct fuse_open_out open;
	} out;
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
	out.entry = entry_of(op, inode, r->qid, &r->attr);
	op_is_other(op, inode, r->qid);
	out.open = open_out(op);
	if (m->config.guest_locks) {
		out.open = (struct fuse_open_out){ .open_flags = FOPEN_KEEP_CACHE };
		handle_lend(m, handle, op->flags);
		op->lent = handle;
	}
	if (op_answer(op, &out, sizeof(out)) < 0) {
		if (!op->lent)
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
			    .flags = op->flags | P9_O_CREAT,
			    .wflags = P9_WOPEN_NOT_DIR | P9_WOPEN_MODE,
			    .mode = op->mode,
			    .gid = P9_NOUID,
			    .mask = P9_ATTR_BASIC,
			    .name_count = 1,
			    .names = { p9_text(op->name) } };

	op->once = true;
	op_send(op, &t, create_replied);
}

void on_create(struct p9fs *m, const struct fuse_request *q)
{
	struct op *op = op_new(m, q);

	if (!op || !op_name(op, op->name, q->name))
		return;
	op->flags = open_flags(q->create->flags);
	op->mode = q->create->mode & 07777;
	op_changes(op);
	op_reach(op, create_send);
}

/* --- bytes --------------------------------------------------------------------------- */

static void read_more(struct op *op);

/* A server may give less than was asked for before the end of the file. The
 * kernel takes that for the end, so there the rest is asked for. */
static bool read_is_over(const struct op *op, const struct p9_msg *r)
{
	uint64_t end = op->off + op->got + r->count;

	return r->count == 0 || op->got + r->count == op->size || end >= op->inode->size;
}

static void read_end(struct op *op, const uint8_t *data, size_t len)
{
	op_answer(op, data, len);
	promise_renew(op->mount, op->inode, op->asked);
	op_free(op);
}

static void read_replied(struct op *op, const struct p9_msg *r)
{
	bool over = read_is_over(op, r);

	if (r->count > op->size - op->got) {
		op_end(op, EIO);
		return;
	}
	if (over && op->got == 0) {
		read_end(op, r->data, r->count);
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
	read_end(op, op->data, op->got);
}

static void read_more(struct op *op)
{
	struct p9_msg t = { .type = P9_TREAD, .fid = op->handle->fid, .offset = op->off + op->got };

	t.count = op_io_count(op); /* the next server may take less at once than the last */
	if (t.count > op->size - op->got)
		t.count = (uint32_t)(op->size - op->got);
	op_send(op, &t, read_replied);
}

static void read_listed(struct op *op)
{
	struct p9_listed listed;
	size_t left;

	if (!listing_bytes(op->mount, op->inode, &listed)) {
		op_open(op, op->fh, P9_O_RDONLY, read_more);
		return;
	}
	left = op->off < listed.count ? listed.count - (size_t)op->off : 0;
	op_give(op, left ? listed.bytes + op->off : NULL, left < op->size ? left : op->size);
}

void on_read(struct p9fs *m, const struct fuse_request *q)
{
	struct op *op = op_new(m, q);

	if (!op)
		return;
	op->size = q->read->size;
	op->off = q->read->offset;
	op->fh = q->read->fh;
	op_listed_bytes(op, read_listed);
}

static void write_replied(struct op *op, const struct p9_msg *r)
{
	const struct fuse_write_out out = { .size = r->count };

	if (r->count > op->size) {
		op_end(op, EIO);
		return;
	}
	if (op->off + r->count > op->inode->size)
		op->inode->size = op->off + r->count;
	op_give(op, &out, sizeof(out));
}

static void write_bytes_of(struct op *op, const uint8_t *data)
{
	struct p9_msg t = { .type = P9_TWRITE,
			    .fid = op->handle->fid,
			    .offset = op->off,
			    .count = op_io_count(op),
			    .data = data };

	op_send(op, &t, write_replied);
}

static void write_send(struct op *op)
{
	write_bytes_of(op, op->data);
}

/* The bytes are the request's, and gone with it: for as long as the server may not have
 * them they are kept. Without open(2) it is the write that says that it appends. */
void on_write(struct p9fs *m, const struct fuse_request *q)
{
	uint32_t flags = P9_O_WRONLY | (q->write->flags & O_APPEND ? P9_O_APPEND : 0);
	struct op *op = op_new(m, q);

	if (!op)
		return;
	op->size = q->size;
	op->off = q->write->offset;
	op->once = flags & P9_O_APPEND;
	op_changes(op);
	op->handle = handle_of(q->write->fh);
	if (op->handle) {
		write_bytes_of(op, q->data);
		return;
	}
	op->data = malloc(q->size);
	if (!op->data) {
		op_end(op, ENOMEM);
		return;
	}
	memcpy(op->data, q->data, q->size);
	op_open(op, 0, flags, write_send);
}

static void done(struct op *op, const struct p9_msg *r)
{
	(void)r;
	op_end(op, 0);
}

static void fsync_send(struct op *op)
{
	struct p9_msg t = { .type = P9_TFSYNC, .fid = op->handle->fid, .datasync = op->mode };

	op_send(op, &t, done);
}

void on_fsync(struct p9fs *m, const struct fuse_request *q)
{
	uint32_t dir = q->opcode == FUSE_FSYNCDIR ? P9_O_DIRECTORY : 0;
	struct op *op = op_new(m, q);

	if (!op)
		return;
	op->mode = q->fsync->fsync_flags & FUSE_FSYNC_FDATASYNC;
	op_open(op, q->fsync->fh, P9_O_RDONLY | dir, fsync_send);
}

static void seek_replied(struct op *op, const struct p9_msg *r)
{
	const struct fuse_lseek_out out = { .offset = r->offset };

	if (r->offset > INT64_MAX)
		op_end(op, EIO);
	else
		op_give(op, &out, sizeof(out));
}

static void seek_send(struct op *op)
{
	struct p9_msg t = {
		.type = P9_TWSEEK, .fid = op->handle->fid, .offset = op->off, .flags = op->mode
	};

	op_send(op, &t, seek_replied);
}

/* SEEK_DATA and SEEK_HOLE; for all else the kernel does not ask. */
void on_lseek(struct p9fs *m, const struct fuse_request *q)
{
	struct op *op = op_new(m, q);

	if (!op)
		return;
	op->off = q->lseek->offset;
	op->mode = q->lseek->whence == SEEK_HOLE ? P9_SEEK_HOLE : P9_SEEK_DATA;
	op_open(op, q->lseek->fh, P9_O_RDONLY, seek_send);
}

/* close(2): the process's fcntl(2) locks on the file go, whichever descriptor
 * they were taken through. */
void on_flush(struct p9fs *m, const struct fuse_request *q)
{
	struct op *op = op_new(m, q);

	if (!op)
		return;
	op->owner = q->flush->lock_owner;
	if (m->config.guest_locks)
		op_end(op, ENOSYS);
	else if (op->inode->locked)
		op_unlock_all(op, handle_of(q->flush->fh), done);
	else
		op_end(op, 0);
}

/* The last close(2) of an open file: its flock(2) lock goes. */
void on_release(struct p9fs *m, const struct fuse_request *q)
{
	struct handle *handle = handle_of(q->release->fh);
	struct op *op = op_new(m, q);

	if (op) {
		op->owner = q->release->lock_owner;
		if (handle && q->release->release_flags & FUSE_RELEASE_FLOCK_UNLOCK)
			op_unlock_all(op, handle, done);
		else
			op_end(op, 0);
	}
	if (handle)
		handle_drop(m, handle);
}
