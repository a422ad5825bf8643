/* op_xattr.c: extended attributes. 9P reads and writes them like files: a fid
 * is made for one, and clunking it is what sets the value. */
#include "p9fs/ops.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "lib/places.h"

/* --- reading ------------------------------------------------------------------------ */

static void value_replied(struct op *op, const struct p9_msg *r)
{
	op_give(op, r->data, r->count);
}

static void size_replied(struct op *op, const struct p9_msg *r)
{
	struct p9_msg t = { .type = P9_TREAD, .fid = op->newfid, .count = (uint32_t)r->length };
	const struct fuse_getxattr_out out = { .size = (uint32_t)r->length };

	if (op->size == 0) {
		op_give(op, &out, sizeof(out));
	} else if (r->length > op->size) {
		op_end(op, ERANGE);
	} else if (r->length > op->mount->remote.msize - P9_DATA_HEADER) {
		op_end(op, E2BIG);
	} else {
		op_send(op, &t, value_replied);
	}
}

static void walk_send(struct op *op)
{
	struct p9_msg t = { .type = P9_TXATTRWALK,
			    .fid = op_any_fid(op),
			    .newfid = op_newfid(op),
			    .name = p9_text(op->name) };

	op_send(op, &t, size_replied);
}

static void xattr_read(struct p9fs *m, const struct fuse_request *q, const char *name)
{
	struct op *op = op_new(m, q);

	if (!op || !op_name(op, op->name, name))
		return;
	op->size = q->getxattr->size;
	op_reach_any(op, walk_send);
}

static void fence_end(struct op *op)
{
	op_end(op, op->mount->promises.given ? ENODATA : EOPNOTSUPP);
}

/* Its reply came behind all changes that the server knew of. */
static void fence_replied(struct op *op, const struct p9_msg *r)
{
	(void)r;
	op_fence(op, fence_end);
}

static void fence_send(struct op *op)
{
	struct p9_msg t = { .type = P9_TGETATTR, .fid = op_any_fid(op), .mask = P9_ATTR_BASIC };

	op_send(op, &t, fence_replied);
}

/* Of the root, wherever it is asked: what a mount shows may be a part of the drive, and
 * a part may go. */
static void fence(struct p9fs *m, const struct fuse_request *q)
{
	struct fuse_request root = *q;
	struct op *op;

	root.node = FUSE_ROOT_ID;
	op = op_new(m, &root);
	if (op)
		op_reach_any(op, fence_send);
}

/* What a drive has none of, and is asked for with each write and by each `ls -l`. */
static int drive_has_none(const char *name)
{
	if (strncmp(name, "security.", strlen("security.")) == 0)
		return ENODATA;
	return strncmp(name, "system.", strlen("system.")) == 0 ? EOPNOTSUPP : 0;
}

void on_getxattr(struct p9fs *m, const struct fuse_request *q)
{
	int error = m->config.guest_locks ? drive_has_none(q->name) : 0;

	if (error)
		fuse_refuse(&m->fuse, q->unique, error);
	else if (strcmp(q->name, LANDBRIDGE_FENCE) == 0)
		fence(m, q);
	else
		xattr_read(m, q, q->name);
}

/* No name: the list of names. */
void on_listxattr(struct p9fs *m, const struct fuse_request *q)
{
	xattr_read(m, q, "");
}

/* --- writing ------------------------------------------------------------------------ */

static void set_done(struct op *op, const struct p9_msg *r)
{
	(void)r;
	remote_fid_free(&op->mount->remote, op_take_newfid(op));
	op_end(op, 0);
}

static void set_clunk(struct op *op, const struct p9_msg *r)
{
	struct p9_msg t = { .type = P9_TCLUNK, .fid = op->newfid };

	if (r->type == P9_TWRITE + 1 && r->count != op->size)
		op_end(op, EIO);
	else
		op_send(op, &t, set_done);
}

static void set_write(struct op *op, const struct p9_msg *r)
{
	struct p9_msg t = {
		.type = P9_TWRITE, .fid = op->newfid, .count = (uint32_t)op->size, .data = op->data
	};

	if (op->size == 0)
		set_clunk(op, r);
	else
		op_send(op, &t, set_clunk);
}

static void set_create(struct op *op, const struct p9_msg *r)
{
	struct p9_msg t = { .type = P9_TXATTRCREATE,
			    .fid = op->newfid,
			    .name = p9_text(op->name),
			    .length = op->size,
			    .flags = op->flags };

	(void)r;
	op_send(op, &t, set_write);
}

static void set_clone(struct op *op)
{
	struct p9_msg t = { .type = P9_TWALK, .fid = op->inode->fid, .newfid = op_newfid(op) };

	op_send(op, &t, set_create);
}

/* Nothing in place of something would be a removal: so it is set, if there is
 * something. */
static void replace_found(struct op *op, const struct p9_msg *r)
{
	(void)r;
	remote_clunk(&op->mount->remote, op_take_newfid(op));
	op->flags = 0;
	set_clone(op);
}

static void replace_look(struct op *op)
{
	struct p9_msg t = { .type = P9_TXATTRWALK,
			    .fid = op->inode->fid,
			    .newfid = op_newfid(op),
			    .name = p9_text(op->name) };

	op_send(op, &t, replace_found);
}

/* What it is set to are the request's data: none, where it is to be removed. */
static struct op *set_new(struct p9fs *m, const struct fuse_request *q, uint32_t flags)
{
	struct op *op = op_new(m, q);

	if (!op || !op_name(op, op->name, q->name))
		return NULL;
	op->flags = flags;
	op->size = q->size;
	op_changes(op);
	op->data = malloc(q->size + 1);
	if (!op->data) {
		op_end(op, ENOMEM);
		return NULL;
	}
	memcpy(op->data, q->data, q->size);
	return op;
}

void on_setxattr(struct p9fs *m, const struct fuse_request *q)
{
	struct op *op = set_new(m, q, q->setxattr->flags);

	if (op)
		op_reach(op,
			 op->size == 0 && op->flags == XATTR_REPLACE ? replace_look : set_clone);
}

/* The Linux client's word for it: nothing, in place of something. */
void on_removexattr(struct p9fs *m, const struct fuse_request *q)
{
	struct op *op = set_new(m, q, XATTR_REPLACE);

	if (op)
		op_reach(op, set_clone);
}
