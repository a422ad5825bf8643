/* op.c: what all operations share: fids, steps, interrupts, ends. */
#include "p9fs/op.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "lib/lib.h"

struct p9fs *p9fs_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

struct inode *inode_of(struct p9fs *m, fuse_ino_t ino)
{
	return ino == FUSE_ROOT_ID ? &m->inodes.root : (struct inode *)(uintptr_t)ino;
}

fuse_ino_t ino_of(const struct p9fs *m, const struct inode *inode)
{
	return inode == &m->inodes.root ? FUSE_ROOT_ID : (uintptr_t)inode;
}

/* --- begin and end ---------------------------------------------------------------- */

struct op *op_new(fuse_req_t req, fuse_ino_t ino)
{
	struct op *op = calloc(1, sizeof(*op));

	if (!op) {
		fuse_reply_err(req, ENOMEM);
		return NULL;
	}
	op->req = req;
	op->mount = p9fs_of(req);
	op->newfid = P9_NOFID;
	op->inode = inode_of(op->mount, ino);
	inode_pin(op->inode);
	return op;
}

void op_other(struct op *op, fuse_ino_t ino)
{
	op->other = inode_of(op->mount, ino);
	inode_pin(op->other);
}

bool op_name(struct op *op, char to[P9_NAME_MAX + 1], const char *name)
{
	size_t len = strlen(name);

	if (len <= P9_NAME_MAX)
		memcpy(to, name, len + 1);
	else
		op_end(op, ENAMETOOLONG);
	return len <= P9_NAME_MAX;
}

/* Nobody waits for its interrupt to show any more. */
static void op_settle(struct op *op)
{
	struct op **at = &op->mount->interrupted;

	while (*at && *at != op)
		at = &(*at)->next_interrupted;
	if (*at)
		*at = op->next_interrupted;
}

void op_free(struct op *op)
{
	struct p9fs *m = op->mount;

	if (op->newfid != P9_NOFID)
		remote_clunk(&m->remote, op->newfid);
	inode_unpin(&m->inodes, op->inode);
	op_settle(op);
	if (op->other)
		inode_unpin(&m->inodes, op->other);
	free(op->data);
	free(op);
}

void op_end(struct op *op, int error)
{
	if (op->req)
		fuse_reply_err(op->req, error);
	op_free(op);
}

uint32_t op_newfid(struct op *op)
{
	op->newfid = remote_fid(&op->mount->remote);
	return op->newfid;
}

uint32_t op_take_newfid(struct op *op)
{
	uint32_t fid = op->newfid;

	op->newfid = P9_NOFID;
	return fid;
}

/* --- asking the server --------------------------------------------------------------- */

static void op_replied(struct remote_call *call, const struct p9_msg *r)
{
	struct op *op = container_of(call, struct op, call);

	if (!op->req)
		op_free(op);
	else if (r->type == P9_RLERROR)
		op_end(op, (int)r->error);
	else
		op->reply(op, r);
}

/* The kernel does not want the answer any more: the server may give up. What
 * it did already is answered as ever; Rflush without an answer ends it. */
struct flush {
	struct remote_call call;
	struct p9fs *mount;
	uint16_t oldtag;
	uint64_t serial;
};

static void flush_done(struct remote_call *call, const struct p9_msg *r)
{
	struct flush *flush = container_of(call, struct flush, call);
	const struct p9_msg interrupted = { .type = P9_RLERROR, .error = EINTR };

	if (r->type == P9_TFLUSH + 1)
		remote_give_up(&flush->mount->remote, flush->oldtag, flush->serial, &interrupted);
	free(flush);
}

static void op_interrupt(fuse_req_t req, void *data)
{
	struct op *op = data;
	struct p9fs *m = p9fs_of(req);
	struct p9_msg t = { .type = P9_TFLUSH, .oldtag = op->call.tag };
	struct flush *flush = op->flushing ? NULL : calloc(1, sizeof(*flush));

	if (op->give_up_at == 0) {
		struct op **at = &m->interrupted;

		while (*at)
			at = &(*at)->next_interrupted;
		*at = op;
		op->give_up_at = loop_now() + OP_PATIENCE_MS;
	}
	if (!flush)
		return;
	*flush = (struct flush){ { .done = flush_done }, m, op->call.tag, op->call.serial };
	op->flushing = remote_call(&m->remote, &flush->call, &t) == 0;
	if (!op->flushing)
		free(flush);
}

int ops_give_up(struct p9fs *m)
{
	int64_t now = loop_now();
	struct op *op;

	while ((op = m->interrupted) && op->give_up_at <= now) {
		op_settle(op);
		fuse_reply_err(op->req, EINTR);
		op->req = NULL; /* it ends with the server's reply */
	}
	return op ? (int)(op->give_up_at - now) : -1;
}

void op_send(struct op *op, struct p9_msg *t, op_reply *next)
{
	int err;

	op->reply = next;
	op->call.done = op_replied;
	err = remote_call(&op->mount->remote, &op->call, t);
	if (err)
		op_end(op, -err);
	else if (!op->sent)
		fuse_req_interrupt_func(op->req, op_interrupt, op);
	if (!err)
		op->sent = true;
}

/* --- what the kernel keeps ------------------------------------------------------------- */

static void op_dropped(struct drop *drop)
{
	struct op *op = container_of(drop, struct op, drop);

	op->flushing = false;
	op->dropped(op);
}

void op_drop(struct op *op, op_step *next)
{
	op->dropped = next;
	op->flushing = true; /* there is nothing at the server to interrupt */
	op->drop.ino = ino_of(op->mount, op->inode);
	op->drop.done = op_dropped;
	dropper_add(&op->mount->dropper, &op->drop);
}

/* --- a fid for an inode -------------------------------------------------------------- */

int wopen_error(const struct p9_msg *r)
{
	if (r->status == P9_WOPEN_OPENED || r->status == P9_WOPEN_CREATED)
		return 0;
	return r->status == P9_WOPEN_STOPPED ? ENOTDIR : ENOENT;
}

static void reach_on(struct op *op);

/* Somebody else may be there now: then the kernel looks for it again. */
static void reach_replied(struct op *op, const struct p9_msg *r)
{
	struct inode *inode = op->walking;

	if (wopen_error(r) || r->qid.path != inode->id) {
		op_end(op, ESTALE);
		return;
	}
	inode_set_fid(&op->mount->inodes, inode, op_take_newfid(op));
	reach_on(op);
}

static void reach_on(struct op *op)
{
	struct p9_msg t = { .type = P9_TWOPEN,
			    .flags = P9_WOPEN_ATTR_ONLY,
			    .wflags = P9_WOPEN_LINK | P9_WOPEN_NO_TARGET,
			    .gid = P9_NOUID };
	struct route route;
	int err;

	if (op->goal->fid != P9_NOFID) {
		inode_touch(&op->mount->inodes, op->goal);
		op->reached(op);
		return;
	}
	err = inode_route(op->goal, &route);
	if (err) {
		op_end(op, -err);
		return;
	}
	op->walking = route.end;
	t.fid = route.start->fid;
	t.newfid = op_newfid(op);
	t.name_count = (uint16_t)route.count;
	for (unsigned i = 0; i < route.count; i++)
		t.names[i] = p9_text(route.names[i]);
	op_send(op, &t, reach_replied);
}

void op_reach_of(struct op *op, struct inode *inode, op_step *next)
{
	op->goal = inode;
	op->reached = next;
	reach_on(op);
}

void op_reach(struct op *op, op_step *next)
{
	op_reach_of(op, op->inode, next);
}

struct handle *handle_of(const struct fuse_file_info *fi)
{
	return (struct handle *)(uintptr_t)fi->fh;
}

/* More than one message the kernel does not ask for (max_read). */
uint32_t op_io_count(const struct op *op)
{
	uint32_t most = op->mount->remote.msize - P9_IO_HEADER;

	return op->size < most ? (uint32_t)op->size : most;
}

uint32_t op_any_fid(const struct op *op)
{
	const struct handle *handle = op->inode->handles;

	return op->inode->fid != P9_NOFID || !handle ? op->inode->fid : handle->fid;
}

void op_reach_any(struct op *op, op_step *next)
{
	if (op_any_fid(op) != P9_NOFID)
		next(op);
	else
		op_reach(op, next);
}

/* --- attributes -------------------------------------------------------------------------- */

static struct timespec time_from(struct p9_time t)
{
	return (struct timespec){ .tv_sec = (time_t)t.sec,
				  .tv_nsec = t.nsec < 1000000000 ? (long)t.nsec : 0 };
}

void stat_from(struct stat *st, uint64_t id, const struct p9_attr *attr)
{
	/* The kernel's own encoding, as the server's fstat(2) gave it. */
	*st = (struct stat){
		.st_ino = id,
		.st_mode = attr->mode,
		.st_nlink = attr->nlink,
		.st_uid = attr->uid,
		.st_gid = attr->gid,
		.st_rdev = attr->rdev,
		.st_size = (off_t)attr->size,
		.st_blksize = (blksize_t)attr->blksize,
		.st_blocks = (blkcnt_t)attr->blocks,
		.st_atim = time_from(attr->atime),
		.st_mtim = time_from(attr->mtime),
		.st_ctim = time_from(attr->ctime),
	};
}

double op_cache(const struct p9fs *m, const struct inode *inode)
{
	bool with_locks = inode && inode->parent && inode->parent->locked_in;

	return with_locks ? 0 : m->config.cache;
}

struct fuse_entry_param entry_of(const struct p9fs *m, struct inode *inode, uint64_t id,
				 const struct p9_attr *attr)
{
	struct fuse_entry_param entry = { .ino = inode ? ino_of(m, inode) : 0,
					  .attr_timeout = op_cache(m, inode),
					  .entry_timeout = op_cache(m, inode) };

	stat_from(&entry.attr, id, attr);
	if (inode)
		inode->size = attr->size;
	return entry;
}
