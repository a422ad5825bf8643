/* op.c: what all operations share: fids, steps, interrupts, ends. */
#include "p9fs/op.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/lib.h"
#include "p9fs/lost.h"

enum { FOR_EVER_S = 365 * 24 * 3600 };

struct inode *inode_of(struct p9fs *m, uint64_t node)
{
	return node == FUSE_ROOT_ID ? &m->inodes.root : (struct inode *)(uintptr_t)node;
}

uint64_t node_of(const struct p9fs *m, const struct inode *inode)
{
	return inode == &m->inodes.root ? FUSE_ROOT_ID : (uintptr_t)inode;
}

struct handle *handle_of(uint64_t fh)
{
	return (struct handle *)(uintptr_t)fh;
}

/* --- begin and end ---------------------------------------------------------------- */

/* Linux 6.1 takes the answer to a setattr for the newest, though it may have been told to
 * forget while that was on its way. And it says that attributes are valid before it has
 * all of them: our own thread must not be who makes them so while others look. */
static bool is_passing(const struct p9fs *m, const struct fuse_request *q)
{
	return q->opcode == FUSE_SETATTR || replay_asks(m, q);
}

struct op *op_new(struct p9fs *m, const struct fuse_request *q)
{
	struct op *op = calloc(1, sizeof(*op));

	if (!op) {
		fuse_refuse(&m->fuse, q->unique, ENOMEM);
		return NULL;
	}
	op->unique = q->unique;
	op->mount = m;
	op->newfid = P9_NOFID;
	op->passing = is_passing(m, q);
	op->inode = inode_of(m, q->node);
	inode_pin(op->inode);
	op->next = m->under_way;
	op->at = &m->under_way;
	if (op->next)
		op->next->at = &op->next;
	m->under_way = op;
	return op;
}

void op_other(struct op *op, uint64_t node)
{
	op->other = inode_of(op->mount, node);
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
	op_changed(op);
	inode_unpin(&m->inodes, op->inode);
	op_settle(op);
	*op->at = op->next;
	if (op->next)
		op->next->at = op->at;
	if (op->lent)
		handle_give_back(m, op->lent);
	if (op->other)
		inode_unpin(&m->inodes, op->other);
	free(op->data);
	free(op);
}

void op_end(struct op *op, int error)
{
	if (op->unique)
		fuse_refuse(&op->mount->fuse, op->unique, error);
	op_free(op);
}

int op_answer(struct op *op, const void *data, size_t len)
{
	return op->unique ? fuse_answer(&op->mount->fuse, op->unique, data, len) : -ENOENT;
}

void op_give(struct op *op, const void *data, size_t len)
{
	op_answer(op, data, len);
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

	if (!op->unique)
		op_free(op);
	else if (lost_waits(op->mount))
		lost_park(op);
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

static void op_interrupt(struct op *op)
{
	struct p9fs *m = op->mount;
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

static void op_answer_only(struct op *op, int error)
{
	fuse_refuse(&op->mount->fuse, op->unique, error);
	op->unique = 0;
}

/* One that is not found has been answered: requests come before their interrupts. */
void ops_interrupt(struct p9fs *m, uint64_t unique)
{
	struct op *op = m->under_way;

	while (op && op->unique != unique)
		op = op->next;
	if (op && !op_unlist(op, EINTR) && op->sent)
		op_interrupt(op);
	else if (op && op->parked) /* its end is left to whoever unparks it */
		op_answer_only(op, EINTR);
}

int ops_give_up(struct p9fs *m)
{
	int64_t now = loop_now();
	struct op *op;

	while ((op = m->interrupted) && op->give_up_at <= now) {
		op_settle(op);
		op_answer_only(op, EINTR); /* it ends with the server's reply */
	}
	return op ? (int)(op->give_up_at - now) : -1;
}

void op_send(struct op *op, struct p9_msg *t, op_reply *next)
{
	int err;

	op->reply = next;
	op->call.done = op_replied;
	if (!op->sent) /* the oldest counts */
		op->asked = op->mount->promises.heard;
	err = remote_call(&op->mount->remote, &op->call, t);
	if (err && lost_waits(op->mount))
		lost_park(op);
	else if (err)
		op_end(op, op->mount->remote.error ? op->mount->refusal : -err);
	else
		op->sent = true;
}

/* --- what the kernel keeps ------------------------------------------------------------- */

static void op_noticed(struct notice *notice)
{
	struct op *op = container_of(notice, struct op, notice);

	op->flushing = false;
	op->noticed(op);
}

static void notice(struct op *op, struct notifier *by, struct notice notice, op_step *next)
{
	op->noticed = next;
	op->flushing = true; /* there is nothing at the server to interrupt */
	notice.node = node_of(op->mount, op->inode);
	notice.done = op_noticed;
	op->notice = notice;
	notifier_add(by, &op->notice);
}

void op_fence(struct op *op, op_step *next)
{
	notice(op, &op->mount->notifier, (struct notice){ .kind = NOTICE_FENCE }, next);
}

void op_fence_bytes(struct op *op, op_step *next)
{
	notice(op, &op->mount->dropper, (struct notice){ .kind = NOTICE_FENCE }, next);
}

void op_drop(struct op *op, op_step *next)
{
	notice(op, &op->mount->dropper, (struct notice){ .kind = NOTICE_INODE }, next);
}

void op_drop_attr(struct op *op, op_step *next)
{
	notice(op, &op->mount->dropper, (struct notice){ .kind = NOTICE_INODE, .off = -1 }, next);
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

/* The first step is remembered: it can be taken again (lost.h). */
static void begin_with(struct op *op, int how, op_step *next)
{
	if (op->begin != BEGIN_NOT)
		return;
	op->begin = how;
	op->begun = next;
}

void op_begin(struct op *op)
{
	switch (op->begin) {
	case BEGIN_REACH:
		op_reach(op, op->begun);
		break;
	case BEGIN_ANY:
		op_reach_any(op, op->begun);
		break;
	case BEGIN_OPEN:
		op_open(op, op->begin_fh, op->begin_flags, op->begun);
		break;
	case BEGIN_NOT:
		op_end(op, EIO);
		break;
	}
}

void op_reach_of(struct op *op, struct inode *inode, op_step *next)
{
	op->goal = inode;
	op->reached = next;
	reach_on(op);
}

void op_reach(struct op *op, op_step *next)
{
	begin_with(op, BEGIN_REACH, next);
	op_reach_of(op, op->inode, next);
}

/* --- an open file -------------------------------------------------------------------- */

static void open_replied(struct op *op, const struct p9_msg *r)
{
	int err = wopen_error(r) ? ELOOP : 0; /* no names: all that stops it is a link */

	if (!err) {
		op->lent = handle_new(op->mount, op->inode, op_take_newfid(op));
		err = op->lent ? 0 : ENOMEM;
	}
	if (err) {
		op_end(op, err);
		return;
	}
	handle_lend(op->mount, op->lent, op->flags);
	op->handle = op->lent;
	op->opened(op);
}

static void open_send(struct op *op)
{
	struct p9_msg t = { .type = P9_TWOPEN,
			    .fid = op->inode->fid,
			    .newfid = op_newfid(op),
			    .flags = op->flags,
			    .gid = P9_NOUID };

	op_send(op, &t, open_replied);
}

void op_open(struct op *op, uint64_t fh, uint32_t flags, op_step *next)
{
	op->begin_fh = fh;
	op->begin_flags = flags;
	begin_with(op, BEGIN_OPEN, next);
	op->handle = handle_of(fh);
	if (!op->handle)
		op->handle = op->lent = handle_find(op->mount, op->inode, flags);
	if (op->handle) {
		next(op);
		return;
	}
	op->opened = next;
	op->flags = flags;
	op_reach(op, open_send);
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
	begin_with(op, BEGIN_ANY, next);
	if (op_any_fid(op) != P9_NOFID)
		next(op);
	else
		op_reach(op, next);
}

/* --- attributes -------------------------------------------------------------------------- */

static uint32_t nsec_of(struct p9_time t)
{
	return t.nsec < 1000000000 ? (uint32_t)t.nsec : 0;
}

struct fuse_attr attr_of(const struct p9fs *m, uint64_t id, const struct p9_attr *attr)
{
	const bool own = m->config.own;

	return (struct fuse_attr){
		.ino = id,
		.mode = attr->mode,
		.nlink = (uint32_t)attr->nlink,
		.uid = own ? geteuid() : attr->uid,
		.gid = own ? getegid() : attr->gid,
		/* The kernel's own encoding, as the server's fstat(2) gave it. */
		.rdev = (uint32_t)attr->rdev,
		.size = attr->size,
		.blksize = (uint32_t)attr->blksize,
		.blocks = attr->blocks,
		.atime = attr->atime.sec,
		.atimensec = nsec_of(attr->atime),
		.mtime = attr->mtime.sec,
		.mtimensec = nsec_of(attr->mtime),
		.ctime = attr->ctime.sec,
		.ctimensec = nsec_of(attr->ctime),
	};
}

struct timespec op_cache(const struct p9fs *m, const struct inode *inode, bool kept)
{
	bool with_locks = inode && inode->parent && inode->parent->locked_in;
	double seconds = with_locks ? 0 : m->config.cache;
	time_t whole = (time_t)seconds;

	if (kept)
		return (struct timespec){ .tv_sec = FOR_EVER_S };
	return (struct timespec){ whole, (long)((seconds - (double)whole) * 1e9) };
}

bool op_is_other(struct op *op, struct inode *inode, struct p9_qid qid)
{
	uint32_t before = inode->version;

	inode->version = inode->kept ? 0 : qid.version | 1u << 31;
	/* Of one that is kept from here on the kernel may have bytes from before, when it was
	 * not, and nobody told of changes. Until then each open(2) drops them, or versions are
	 * compared. */
	if (!before ||
	    (!inode->kept && (!op->mount->config.guest_locks || before == inode->version)))
		return false;
	promise_forget(op->mount, inode);
	return true;
}

struct fuse_entry_out entry_of(const struct op *op, struct inode *inode, struct p9_qid qid,
			       const struct p9_attr *attr)
{
	const struct p9fs *m = op->mount;
	bool kept = inode && promise_holds(op, op->inode, qid) && promise_holds(op, inode, qid);
	bool held = inode && inode->parent && replay_holds(m, inode->parent, inode->name);
	struct timespec valid = op_cache(m, inode, kept),
			named = held ? (struct timespec){ 0, 0 } : valid;

	if (inode) {
		inode->size = attr->size;
		inode->type = attr->mode & S_IFMT;
		inode->kept = kept;
	}
	return (struct fuse_entry_out){
		.nodeid = inode ? node_of(m, inode) : 0,
		.entry_valid = (uint64_t)named.tv_sec,
		.entry_valid_nsec = (uint32_t)named.tv_nsec,
		.attr_valid = op->passing ? 0 : (uint64_t)valid.tv_sec,
		.attr_valid_nsec = op->passing ? 0 : (uint32_t)valid.tv_nsec,
		.attr = attr_of(m, qid.path, attr),
	};
}
