/* op_name.c: operations on names: look up, make, remove, rename. */
#include "p9fs/ops.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* --- looking up ------------------------------------------------------------------ */

static void entry_end(struct op *op)
{
	struct p9fs *m = op->mount;

	if (op_answer(op, &op->entry, sizeof(op->entry)) < 0) /* the kernel did not take it */
		inode_forget(&m->inodes, inode_of(m, op->entry.nodeid), 1);
	op_free(op);
}

/* That there is no such name is kept as well: what the reply describes is the
 * directory. Not in the root, where nobody could forget all such names at once. */
static bool is_kept_away(const struct op *op, const struct p9_msg *r)
{
	return r->status == P9_WOPEN_NO_LEAF && op->inode != &op->mount->inodes.root &&
	       r->qid.path == op->inode->id && promise_holds(op, op->inode, r->qid);
}

static void entry_none(struct op *op)
{
	const struct fuse_entry_out nothing = {
		.entry_valid = (uint64_t)op_cache(op->mount, NULL, true).tv_sec
	};

	if (op->inode == &op->mount->inodes.root || replay_holds(op->mount, op->inode, op->name))
		op_end(op, ENOENT);
	else
		op_give(op, &nothing, sizeof(nothing));
}

void op_stand_in(struct op *op, uint64_t id, uint32_t type)
{
	struct p9fs *m = op->mount;
	uint64_t number = id ? id : ~++m->replay.stand_ins;
	struct inode *inode = inode_see_unnamed(&m->inodes, number);

	if (!inode) {
		op_end(op, ENOMEM);
		return;
	}
	op->entry = (struct fuse_entry_out){
		.nodeid = node_of(m, inode),
		.attr_valid = (uint64_t)op_cache(m, NULL, id == 0).tv_sec,
		.attr = { .ino = number, .mode = type | 0700, .nlink = 1, .size = inode->size },
	};
	entry_end(op);
}

static void entry_replied(struct op *op, const struct p9_msg *r)
{
	struct p9fs *m = op->mount;
	struct inode *inode;
	int err = wopen_error(r);

	if (err == ENOENT && op->stand_in)
		op_stand_in(op, 0, op->stand_in);
	else if (err == ENOENT && is_kept_away(op, r))
		entry_none(op);
	else if (err)
		op_end(op, err);
	if (err)
		return;
	inode = inode_see(&m->inodes, op->inode, op->name, r->qid.path, op_take_newfid(op));
	if (!inode) {
		op_end(op, ENOMEM);
		return;
	}
	op->entry = entry_of(op, inode, r->qid, &r->attr);
	if (op_is_other(op, inode, r->qid))
		op_fence_bytes(op, entry_end);
	else
		entry_end(op);
}

/* What the directory's listing says is as good as what the server would say now. */
static void entry_listed(struct op *op, const struct p9_dirent *entry)
{
	struct p9fs *m = op->mount;
	struct inode *inode = inode_see(&m->inodes, op->inode, op->name, entry->qid.path, P9_NOFID);

	if (!inode) {
		op_end(op, ENOMEM);
		return;
	}
	op->asked = m->promises.heard;
	op->entry = entry_of(op, inode, entry->qid, &entry->attr);
	if (op_is_other(op, inode, entry->qid))
		op_fence_bytes(op, entry_end);
	else
		entry_end(op);
}

static void entry_look(struct op *op)
{
	struct p9_msg t = { .type = P9_TWOPEN,
			    .fid = op->inode->fid,
			    .newfid = op_newfid(op),
			    .flags = P9_WOPEN_ATTR_ONLY,
			    .wflags = P9_WOPEN_LINK | P9_WOPEN_NO_TARGET,
			    .gid = P9_NOUID,
			    .mask = P9_ATTR_BASIC,
			    .name_count = 1,
			    .names = { p9_text(op->name) } };

	op_send(op, &t, entry_replied);
}

void op_entry(struct op *op)
{
	op_reach(op, entry_look);
}

static void lookup_listed(struct op *op)
{
	struct p9_listed listed;

	switch (listing_name(op->mount, op->inode, op->name, &listed)) {
	case LISTED:
		entry_listed(op, &listed.entry);
		break;
	case LISTED_NOT:
		entry_none(op);
		break;
	default:
		op_entry(op);
		break;
	}
}

void on_lookup(struct p9fs *m, const struct fuse_request *q)
{
	struct op *op = op_new(m, q);

	if (op && op_name(op, op->name, q->name))
		op_listed(op, lookup_listed);
}

void on_forget(struct p9fs *m, const struct fuse_request *q)
{
	inode_forget(&m->inodes, inode_of(m, q->node), q->forget->nlookup);
}

void on_batch_forget(struct p9fs *m, const struct fuse_request *q)
{
	const struct fuse_forget_one *one = (const void *)q->data;

	for (uint32_t i = 0; i < q->forgets->count; i++)
		inode_forget(&m->inodes, inode_of(m, one[i].nodeid), one[i].nlookup);
}

/* --- making ------------------------------------------------------------------------ */

static void made(struct op *op, const struct p9_msg *r)
{
	(void)r;
	op_entry(op);
}

static void mknod_send(struct op *op)
{
	struct p9_msg t = { .type = P9_TMKNOD,
			    .fid = op->inode->fid,
			    .name = p9_text(op->name),
			    .mode = op->mode,
			    .major = major(op->rdev),
			    .minor = minor(op->rdev),
			    .gid = P9_NOUID };

	op->once = true;
	op_send(op, &t, made);
}

void on_mknod(struct p9fs *m, const struct fuse_request *q)
{
	struct op *op = op_new(m, q);

	if (!op || !op_name(op, op->name, q->name))
		return;
	op->mode = q->mknod->mode;
	op->rdev = q->mknod->rdev;
	op_changes(op);
	op_reach(op, mknod_send);
}

static void mkdir_send(struct op *op)
{
	struct p9_msg t = { .type = P9_TMKDIR,
			    .fid = op->inode->fid,
			    .name = p9_text(op->name),
			    .mode = op->mode & 07777,
			    .gid = P9_NOUID };

	op->once = true;
	op_send(op, &t, made);
}

void on_mkdir(struct p9fs *m, const struct fuse_request *q)
{
	struct op *op = op_new(m, q);

	if (!op || !op_name(op, op->name, q->name))
		return;
	op->mode = q->mkdir->mode;
	op_changes(op);
	op_reach(op, mkdir_send);
}

static void symlink_send(struct op *op)
{
	struct p9_msg t = { .type = P9_TSYMLINK,
			    .fid = op->inode->fid,
			    .name = p9_text(op->name),
			    .target = p9_text((char *)op->data),
			    .gid = P9_NOUID };

	op->once = true;
	op_send(op, &t, made);
}

void on_symlink(struct p9fs *m, const struct fuse_request *q)
{
	struct op *op = op_new(m, q);

	if (!op || !op_name(op, op->name, q->name))
		return;
	op_changes(op);
	op->data = (uint8_t *)strdup(q->second);
	if (!op->data)
		op_end(op, ENOMEM);
	else
		op_reach(op, symlink_send);
}

/* op->inode is the new name's directory, op->other the file. */
static void link_send(struct op *op)
{
	struct p9_msg t = { .type = P9_TLINK,
			    .fid = op->inode->fid,
			    .newfid = op->other->fid,
			    .name = p9_text(op->name) };

	op->once = true;
	op_send(op, &t, made);
}

static void link_reach_file(struct op *op)
{
	op_reach_of(op, op->other, link_send);
}

void on_link(struct p9fs *m, const struct fuse_request *q)
{
	struct op *op = op_new(m, q);

	if (!op)
		return;
	op_other(op, q->link->oldnodeid);
	if (!op_name(op, op->name, q->name))
		return;
	op_changes(op);
	op_reach(op, link_reach_file);
}

/* --- removing and renaming ------------------------------------------------------------ */

static void removed(struct op *op, const struct p9_msg *r)
{
	struct inodes *inodes = &op->mount->inodes;
	struct inode *gone = inode_child(inodes, op->inode, op->name);

	(void)r;
	if (gone) {
		listing_drop(gone);
		inode_unname(inodes, gone);
	}
	op_end(op, 0);
}

static void unlink_send(struct op *op)
{
	struct p9_msg t = { .type = P9_TUNLINKAT,
			    .fid = op->inode->fid,
			    .name = p9_text(op->name),
			    .flags = op->flags };

	op->once = true;
	op_send(op, &t, removed);
}

/* A file that is open somewhere lives on without its name, and then nobody walks to it
 * any more: its fid is got before. */
static void hold(struct op *op, const struct inode *dir, const char *name, op_step *next)
{
	struct p9fs *m = op->mount;
	struct inode *inode = m->config.guest_locks ? inode_child(&m->inodes, dir, name) : NULL;

	if (inode && inode->fid == P9_NOFID)
		op_reach_of(op, inode, next);
	else
		next(op);
}

static void unlink_hold(struct op *op)
{
	hold(op, op->inode, op->name, unlink_send);
}

static void unlink_at(struct p9fs *m, const struct fuse_request *q, uint32_t flags)
{
	struct op *op = op_new(m, q);

	if (!op || !op_name(op, op->name, q->name))
		return;
	op->flags = flags;
	op_changes(op);
	op_reach(op, unlink_hold);
}

void on_unlink(struct p9fs *m, const struct fuse_request *q)
{
	unlink_at(m, q, 0);
}

void on_rmdir(struct p9fs *m, const struct fuse_request *q)
{
	unlink_at(m, q, P9_REMOVEDIR);
}

/* Whether something of these directories has been heard of since op was sent. */
static bool heard_since(const struct op *op)
{
	return op->inode->heard > op->asked || op->other->heard > op->asked ||
	       op->mount->promises.all > op->asked;
}

/* The kernel moves the name itself, and does not look. Who hears of the file under a
 * name that it had not yet here, or where nobody tells of it, is to look again. */
static void moved(struct op *op, struct inode *inode, struct inode *dir, const char *name)
{
	struct p9fs *m = op->mount;
	bool was_kept = inode && inode->kept;

	if (!inode)
		return;
	inode->kept = was_kept && (dir->kept || dir == &m->inodes.root) && !heard_since(op);
	if (inode_move(&m->inodes, inode, dir, name) < 0)
		inode->kept = false;
	if (was_kept && !inode->kept) {
		listing_drop(inode);
		promise_forget(m, inode);
	}
	if ((was_kept && !inode->kept) || replay_holds(m, dir, name))
		promise_forget_name(m, dir, name);
}

static void renamed(struct op *op, const struct p9_msg *r)
{
	struct inodes *inodes = &op->mount->inodes;
	struct inode *from = inode_child(inodes, op->inode, op->name);
	struct inode *to = inode_child(inodes, op->other, op->newname);

	(void)r;
	if (to) {
		if (!(op->flags & P9_RENAME_EXCHANGE))
			listing_drop(to);
		inode_unname(inodes, to);
	}
	moved(op, from, op->other, op->newname);
	if (op->flags & P9_RENAME_EXCHANGE)
		moved(op, to, op->inode, op->name);
	op_end(op, 0);
}

static void rename_send(struct op *op)
{
	struct p9_msg t = { .type = op->flags ? P9_TWRENAME : P9_TRENAMEAT,
			    .flags = op->flags,
			    .fid = op->inode->fid,
			    .name = p9_text(op->name),
			    .newfid = op->other->fid,
			    .target = p9_text(op->newname) };

	op->once = true;
	op_send(op, &t, renamed);
}

static void rename_hold(struct op *op)
{
	hold(op, op->other, op->newname, rename_send);
}

static void rename_reach_new(struct op *op)
{
	op_reach_of(op, op->other, rename_hold);
}

static void rename_begin(struct op *op)
{
	op_changes(op);
	op_reach(op, rename_reach_new);
}

static void rename_to(struct p9fs *m, const struct fuse_request *q, uint64_t newdir, uint32_t flags)
{
	struct op *op = op_new(m, q);

	if (!op)
		return;
	op_other(op, newdir);
	op->flags = flags;
	if (flags & ~(P9_RENAME_NOREPLACE | P9_RENAME_EXCHANGE)) /* the kernel's numbers */
		op_end(op, EINVAL);
	else if (op_name(op, op->name, q->name) && op_name(op, op->newname, q->second))
		rename_begin(op);
}

void on_rename(struct p9fs *m, const struct fuse_request *q)
{
	rename_to(m, q, q->rename->newdir, 0);
}

void on_rename2(struct p9fs *m, const struct fuse_request *q)
{
	rename_to(m, q, q->rename2->newdir, q->rename2->flags);
}
