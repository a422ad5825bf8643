/* op_name.c: operations on names: look up, make, remove, rename. */
#include "p9fs/ops.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* --- looking up ------------------------------------------------------------------ */

static void entry_replied(struct op *op, const struct p9_msg *r)
{
	struct p9fs *m = op->mount;
	struct fuse_entry_param entry;
	struct inode *inode;
	int err = wopen_error(r);

	if (err) {
		op_end(op, err);
		return;
	}
	inode = inode_see(&m->inodes, op->inode, op->name, r->qid.path, op_take_newfid(op));
	if (!inode) {
		op_end(op, ENOMEM);
		return;
	}
	entry = entry_of(m, inode, r->qid.path, &r->attr);
	if (fuse_reply_entry(op->req, &entry) < 0) /* the kernel did not take it */
		inode_forget(&m->inodes, inode, 1);
	op_free(op);
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

void on_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct op *op = op_new(req, parent);

	if (op && op_name(op, op->name, name))
		op_entry(op);
}

void on_forget(fuse_req_t req, fuse_ino_t ino, uint64_t lookups)
{
	struct p9fs *m = p9fs_of(req);

	inode_forget(&m->inodes, inode_of(m, ino), lookups);
	fuse_reply_none(req);
}

void on_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
	struct p9fs *m = p9fs_of(req);

	for (size_t i = 0; i < count; i++)
		inode_forget(&m->inodes, inode_of(m, forgets[i].ino), forgets[i].nlookup);
	fuse_reply_none(req);
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

	op_send(op, &t, made);
}

void on_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev)
{
	struct op *op = op_new(req, parent);

	if (!op || !op_name(op, op->name, name))
		return;
	op->mode = mode;
	op->rdev = rdev;
	op_reach(op, mknod_send);
}

static void mkdir_send(struct op *op)
{
	struct p9_msg t = { .type = P9_TMKDIR,
			    .fid = op->inode->fid,
			    .name = p9_text(op->name),
			    .mode = op->mode & 07777,
			    .gid = P9_NOUID };

	op_send(op, &t, made);
}

void on_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	struct op *op = op_new(req, parent);

	if (!op || !op_name(op, op->name, name))
		return;
	op->mode = mode;
	op_reach(op, mkdir_send);
}

static void symlink_send(struct op *op)
{
	struct p9_msg t = { .type = P9_TSYMLINK,
			    .fid = op->inode->fid,
			    .name = p9_text(op->name),
			    .target = p9_text((char *)op->data),
			    .gid = P9_NOUID };

	op_send(op, &t, made);
}

void on_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
	struct op *op = op_new(req, parent);

	if (!op || !op_name(op, op->name, name))
		return;
	op->data = (uint8_t *)strdup(target);
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

	op_send(op, &t, made);
}

static void link_reach_file(struct op *op)
{
	op_reach_of(op, op->other, link_send);
}

void on_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t newparent, const char *newname)
{
	struct op *op = op_new(req, newparent);

	if (!op)
		return;
	op_other(op, ino);
	if (op_name(op, op->name, newname))
		op_reach(op, link_reach_file);
}

/* --- removing and renaming ------------------------------------------------------------ */

static void removed(struct op *op, const struct p9_msg *r)
{
	(void)r;
	op_end(op, 0);
}

static void unlink_send(struct op *op)
{
	struct p9_msg t = { .type = P9_TUNLINKAT,
			    .fid = op->inode->fid,
			    .name = p9_text(op->name),
			    .flags = op->mode };

	op_send(op, &t, removed);
}

static void unlink_at(fuse_req_t req, fuse_ino_t parent, const char *name, uint32_t flags)
{
	struct op *op = op_new(req, parent);

	if (!op || !op_name(op, op->name, name))
		return;
	op->mode = flags;
	op_reach(op, unlink_send);
}

void on_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	unlink_at(req, parent, name, 0);
}

void on_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	unlink_at(req, parent, name, P9_REMOVEDIR);
}

static void rename_send(struct op *op)
{
	struct p9_msg t = { .type = op->mode ? P9_TWRENAME : P9_TRENAMEAT,
			    .flags = op->mode,
			    .fid = op->inode->fid,
			    .name = p9_text(op->name),
			    .newfid = op->other->fid,
			    .target = p9_text(op->newname) };

	op_send(op, &t, removed);
}

static void rename_reach_new(struct op *op)
{
	op_reach_of(op, op->other, rename_send);
}

/* NOLINTNEXTLINE(readability-function-size): libfuse's own six parameters */
void on_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t newparent,
	       const char *newname, unsigned flags)
{
	struct op *op = op_new(req, parent);

	if (!op)
		return;
	op_other(op, newparent);
	op->mode = flags;
	if (flags & ~(P9_RENAME_NOREPLACE | P9_RENAME_EXCHANGE)) /* the kernel's numbers */
		op_end(op, EINVAL);
	else if (op_name(op, op->name, name) && op_name(op, op->newname, newname))
		op_reach(op, rename_reach_new);
}
