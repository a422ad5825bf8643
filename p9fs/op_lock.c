/* op_lock.c: locks. Their owner is whom the kernel names, a process for
 * fcntl(2) and an open file for flock(2); the server tells owners apart by a
 * number and a text, which is ours to choose. */
#include "p9fs/ops.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "lib/lib.h"

/* The owner's text goes into op->name. */
static struct p9_msg lock_message(struct op *op, uint8_t type, const struct handle *handle,
				  const struct flock *lock)
{
	fmt(op->name, sizeof(op->name), "landbridge:%llx", (unsigned long long)op->fi.lock_owner);
	return (struct p9_msg){ .type = type,
				.fid = handle->fid,
				.lock_type = lock->l_type == F_RDLCK   ? P9_LOCK_READ
					     : lock->l_type == F_WRLCK ? P9_LOCK_WRITE
								       : P9_LOCK_NONE,
				.offset = (uint64_t)lock->l_start,
				.length = (uint64_t)lock->l_len,
				.name = p9_text(op->name) };
}

static struct op *lock_new(fuse_req_t req, fuse_ino_t ino, const struct fuse_file_info *fi)
{
	struct op *op = op_new(req, ino);

	if (op)
		op->fi = *fi;
	return op;
}

/* --- asking ---------------------------------------------------------------------- */

static void getlk_replied(struct op *op, const struct p9_msg *r)
{
	struct flock lock = { .l_type = r->lock_type == P9_LOCK_READ    ? F_RDLCK
					: r->lock_type == P9_LOCK_WRITE ? F_WRLCK
									: F_UNLCK,
			      .l_whence = SEEK_SET,
			      .l_start = (off_t)r->offset,
			      .l_len = (off_t)r->length,
			      .l_pid = (pid_t)r->proc_id };

	fuse_reply_lock(op->req, &lock);
	op_free(op);
}

void on_getlk(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct flock *lock)
{
	struct op *op = lock_new(req, ino, fi);
	struct p9_msg t;

	if (!op)
		return;
	t = lock_message(op, P9_TGETLOCK, handle_of(fi), lock);
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
	else if (op->lock.l_type == F_UNLCK)
		op_end(op, 0);
	else
		op_drop(op, setlk_end);
}

static void setlk_send(struct op *op)
{
	struct p9_msg t = lock_message(op, P9_TLOCK, handle_of(&op->fi), &op->lock);

	t.flags = op->mode ? P9_LOCK_FLAG_BLOCK : 0;
	op_send(op, &t, setlk_replied);
}

/* Whoever has it next sees what was written under it, by a mapping too. */
static void setlk(struct op *op, const struct flock *lock, bool wait)
{
	op->lock = *lock;
	op->mode = wait;
	op->inode->locked |= lock->l_type != F_UNLCK;
	if (op->inode->parent)
		op->inode->parent->locked_in |= op->inode->locked;
	if (lock->l_type == F_UNLCK)
		op_drop(op, setlk_send);
	else
		setlk_send(op);
}

void on_setlk(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct flock *lock,
	      int wait)
{
	struct op *op = lock_new(req, ino, fi);

	if (op)
		setlk(op, lock, wait);
}

void on_flock(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, int how)
{
	struct flock lock = { .l_type = how & LOCK_UN   ? F_UNLCK
					: how & LOCK_SH ? F_RDLCK
							: F_WRLCK };
	struct op *op = lock_new(req, ino, fi);

	if (op)
		setlk(op, &lock, !(how & LOCK_NB));
}

void op_unlock_all(struct op *op, const struct handle *handle, op_reply *next)
{
	const struct flock all = { .l_type = F_UNLCK };
	struct p9_msg t = lock_message(op, P9_TLOCK, handle, &all);

	op_send(op, &t, next);
}
