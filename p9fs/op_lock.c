/* op_lock.c: locks. Their owner is whom the kernel names, a process for
 * fcntl(2) and an open file for flock(2); the server tells owners apart by a
 * number and a text, which is ours to choose. */
#include "p9fs/ops.h"

#include <errno.h>
#include <fcntl.h>

#include "lib/lib.h"

/* To the end of the file, wherever it is; in 9P that is no length. */
#define LOCK_END ((uint64_t)INT64_MAX)

static uint8_t type_to_p9(uint32_t type)
{
	return type == F_RDLCK ? P9_LOCK_READ : type == F_WRLCK ? P9_LOCK_WRITE : P9_LOCK_NONE;
}

/* The owner's text goes into op->name. */
static struct p9_msg lock_message(struct op *op, uint8_t type, const struct handle *handle,
				  const struct fuse_file_lock *lock)
{
	fmt(op->name, sizeof(op->name), "landbridge:%llx", (unsigned long long)op->owner);
	return (struct p9_msg){ .type = type,
				.fid = handle->fid,
				.lock_type = type_to_p9(lock->type),
				.offset = lock->start,
				.length = lock->end >= LOCK_END ? 0 : lock->end - lock->start + 1,
				.name = p9_text(op->name) };
}

static struct op *lock_new(struct p9fs *m, const struct fuse_request *q)
{
	struct op *op = op_new(m, q);

	if (!op)
		return NULL;
	op->handle = handle_of(q->lk->fh);
	op->owner = q->lk->owner;
	op->lock = q->lk->lk;
	return op;
}

/* --- asking ---------------------------------------------------------------------- */

static void getlk_replied(struct op *op, const struct p9_msg *r)
{
	uint64_t end = r->offset + r->length - 1;
	struct fuse_lk_out out = { .lk = { .start = r->offset,
					   .end = LOCK_END,
					   .type = r->lock_type == P9_LOCK_READ ? F_RDLCK : F_WRLCK,
					   .pid = r->proc_id } };

	if (r->lock_type != P9_LOCK_READ && r->lock_type != P9_LOCK_WRITE)
		out.lk = (struct fuse_file_lock){ .type = F_UNLCK };
	else if (r->length > 0 && end >= r->offset && end < LOCK_END)
		out.lk.end = end;
	op_give(op, &out, sizeof(out));
}

void on_getlk(struct p9fs *m, const struct fuse_request *q)
{
	struct op *op = lock_new(m, q);
	struct p9_msg t;

	if (!op)
		return;
	t = lock_message(op, P9_TGETLOCK, op->handle, &op->lock);
	op_send(op, &t, getlk_replied);
}

/* --- taking and giving back --------------------------------------------------------- */

static void setlk_end(struct op *op)
{
	op_end(op, 0);
}

/* Whoever has a lock sees the file as it is now, whatever was remembered of it. */
static void setlk_replied(struct op *op, const struct p9_msg *r)
{
	if (r->status != P9_LOCK_OK)
		op_end(op, r->status == P9_LOCK_BLOCKED ? EAGAIN : ENOLCK);
	else if (op->lock.type == F_UNLCK)
		op_end(op, 0);
	else
		op_drop(op, setlk_end);
}

static void setlk_send(struct op *op)
{
	struct p9_msg t = lock_message(op, P9_TLOCK, op->handle, &op->lock);

	t.flags = op->flags;
	op_send(op, &t, setlk_replied);
}

/* Of fcntl(2) and flock(2) alike. Whoever has it next sees what was written under it,
 * by a mapping too. */
void on_setlk(struct p9fs *m, const struct fuse_request *q)
{
	struct op *op = lock_new(m, q);

	if (!op)
		return;
	op->flags = (q->opcode == FUSE_SETLKW ? P9_LOCK_FLAG_BLOCK : 0) |
		    (q->lk->lk_flags & FUSE_LK_FLOCK ? P9_LOCK_FLAG_FLOCK : 0);
	op->inode->locked |= op->lock.type != F_UNLCK;
	if (op->inode->parent)
		op->inode->parent->locked_in |= op->inode->locked;
	if (op->lock.type == F_UNLCK)
		op_drop(op, setlk_send);
	else
		setlk_send(op);
}

void op_unlock_all(struct op *op, const struct handle *handle, op_reply *next)
{
	const struct fuse_file_lock all = { .end = LOCK_END, .type = F_UNLCK };
	struct p9_msg t = lock_message(op, P9_TLOCK, handle, &all);

	op_send(op, &t, next);
}
