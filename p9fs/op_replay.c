/* op_replay.c: requests of our own thread's, which are done already. */
#include "p9fs/ops.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static bool is_name(const struct p9fs *m, const struct fuse_request *q, const struct inode *dir,
		    const char *name)
{
	return dir && q->node == node_of(m, dir) && strcmp(q->name, name) == 0;
}

/* What is there now, or a stand-in of that type. */
static void answer_there(struct p9fs *m, const struct fuse_request *q, struct inode *dir,
			 const char *name, mode_t type)
{
	struct op *op = op_new(m, q);

	if (!op || !op_name(op, op->name, name))
		return;
	if (op->inode != dir) {
		inode_pin(dir);
		inode_unpin(&m->inodes, op->inode);
		op->inode = dir;
	}
	op->stand_in = type;
	op_entry(op);
}

/* The file that had the name when its end was told, if nobody has seen it since, there or
 * elsewhere. */
static const struct inode *gone(const struct p9fs *m, const struct act *act)
{
	const struct inode *inode = act->child ? inode_find(&m->inodes, act->child) : NULL;
	bool still = inode && !inode->kept && inode->type && inode->named &&
		     inode->parent == act->dir && strcmp(inode->name, act->name) == 0;

	return still ? inode : NULL;
}

static void answer_gone(struct p9fs *m, const struct fuse_request *q, const struct act *act)
{
	const struct inode *inode = gone(m, act);
	struct op *op = op_new(m, q);

	if (!op || !op_name(op, op->name, act->name))
		return;
	op->stand_in = act->what & P9_CHANGE_IS_DIR ? S_IFDIR : S_IFREG;
	if (inode)
		op_stand_in(op, inode->id, inode->type);
	else
		op_stand_in(op, 0, op->stand_in);
}

static void lookup(struct p9fs *m, const struct fuse_request *q, const struct act *act, int step)
{
	mode_t type = act->what & P9_CHANGE_IS_DIR ? S_IFDIR : S_IFREG;
	bool first = is_name(m, q, act->dir, act->name);

	if ((step == REPLAY_MAKE && first) ||
	    (step == REPLAY_RENAME && is_name(m, q, act->to_dir, act->to_name)))
		fuse_refuse(&m->fuse, q->unique, ENOENT);
	else if (step == REPLAY_REMOVE && first)
		answer_gone(m, q, act);
	else if (step == REPLAY_RENAME && first)
		answer_there(m, q, act->to_dir, act->to_name, type);
	else
		on_lookup(m, q);
}

static void made(struct p9fs *m, const struct fuse_request *q, const struct act *act)
{
	mode_t type = S_IFLNK;

	if (q->opcode == FUSE_MKDIR)
		type = S_IFDIR;
	else if (q->opcode == FUSE_MKNOD)
		type = q->mknod->mode & S_IFMT;
	answer_there(m, q, act->dir, act->name, type);
}

/* The directory may be another by now, of the same name. */
static void change(struct p9fs *m, const struct fuse_request *q, const struct act *act, int step)
{
	if (q->opcode != FUSE_SETATTR && q->node != node_of(m, act->dir))
		step = REPLAY_LOOK;
	switch (q->opcode) {
	case FUSE_MKNOD:
	case FUSE_MKDIR:
	case FUSE_SYMLINK:
		if (step == REPLAY_MAKE) {
			made(m, q, act);
			return;
		}
		break;
	case FUSE_SETATTR:
		if (step == REPLAY_TOUCH) {
			on_getattr(m, q);
			return;
		}
		break;
	case FUSE_UNLINK:
	case FUSE_RMDIR:
		if (step == REPLAY_REMOVE) {
			fuse_answer(&m->fuse, q->unique, NULL, 0);
			return;
		}
		break;
	case FUSE_RENAME:
	case FUSE_RENAME2: /* what had the new name has been found under it already */
		if (step == REPLAY_RENAME) {
			fuse_answer(&m->fuse, q->unique, NULL, 0);
			return;
		}
		break;
	}
	fuse_refuse(&m->fuse, q->unique, EIO);
}

bool replay_holds(const struct p9fs *m, const struct inode *dir, const char *name)
{
	const struct act *act = m->replay.current;

	return act && ((act->dir == dir && strcmp(act->name, name) == 0) ||
		       (act->to_dir == dir && strcmp(act->to_name, name) == 0));
}

bool replay_asks(const struct p9fs *m, const struct fuse_request *q)
{
	int tid = __atomic_load_n(&m->replay.tid, __ATOMIC_SEQ_CST);

	return tid && q->pid == (uint32_t)tid;
}

bool replay_answers(struct p9fs *m, const struct fuse_request *q)
{
	int step = __atomic_load_n(&m->replay.step, __ATOMIC_SEQ_CST);
	const struct act *act = m->replay.current;

	if (!act || !replay_asks(m, q))
		return false;
	switch (q->opcode) {
	case FUSE_LOOKUP:
		lookup(m, q, act, step);
		return true;
	case FUSE_MKNOD:
	case FUSE_MKDIR:
	case FUSE_SYMLINK:
	case FUSE_SETATTR:
	case FUSE_UNLINK:
	case FUSE_RMDIR:
	case FUSE_RENAME:
	case FUSE_RENAME2:
		change(m, q, act, step);
		return true;
	default:
		return false; /* it asks, as anybody may */
	}
}
