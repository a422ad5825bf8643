/* op_xattr.c: extended attributes. 9P reads and writes them like files: a fid
 * is made for one, and clunking it is what sets the value. */
#include "p9fs/ops.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

/* --- reading ------------------------------------------------------------------------ */

static void value_replied(struct op *op, const struct p9_msg *r)
{
	fuse_reply_buf(op->req, (const char *)r->data, r->count);
	op_free(op);
}

static void size_replied(struct op *op, const struct p9_msg *r)
{
	struct p9_msg t = { .type = P9_TREAD, .fid = op->newfid, .count = (uint32_t)r->length };

	if (op->size == 0) {
		fuse_reply_xattr(op->req, r->length);
		op_free(op);
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

/* No name: the list of names. */
void on_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
	struct op *op = op_new(req, ino);

	if (!op || !op_name(op, op->name, name))
		return;
	op->size = size;
	op_reach_any(op, walk_send);
}

void on_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
	on_getxattr(req, ino, "", size);
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
			    .flags = (uint32_t)op->to_set };

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
	op->to_set = 0;
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

static struct op *set_new(fuse_req_t req, fuse_ino_t ino, const char *name, const char *value,
			  size_t size)
{
	struct op *op = op_new(req, ino);

	if (!op || !op_name(op, op->name, name))
		return NULL;
	op->size = size;
	op->data = malloc(size + 1);
	if (!op->data) {
		op_end(op, ENOMEM);
		return NULL;
	}
	memcpy(op->data, value, size);
	return op;
}

/* NOLINTNEXTLINE(readability-function-size): libfuse's own six parameters */
void on_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name, const char *value, size_t size,
		 int flags)
{
	struct op *op = set_new(req, ino, name, value, size);

	if (!op)
		return;
	op->to_set = flags;
	op_reach(op, size == 0 && flags == XATTR_REPLACE ? replace_look : set_clone);
}

/* The Linux client's word for it: nothing, in place of something. */
void on_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name)
{
	struct op *op = set_new(req, ino, name, "", 0);

	if (!op)
		return;
	op->to_set = XATTR_REPLACE;
	op_reach(op, set_clone);
}
