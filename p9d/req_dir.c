/* req_dir.c: requests that change directories. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "p9d/protocol_impl.h"

#define TARGET_MAX 4095               /* symlink(2): PATH_MAX with its NUL */
#define READLINK_SIZE (P9_HEADER + 2) /* an Rreadlink without the target */

typedef int make_fn(struct filetree *tree, const struct tree_file *dir, const char *name,
		    const struct tree_create *how);

static struct tree_create how_of(const struct p9_request *q)
{
	return (struct tree_create){
		.mode = q->t->mode,
		.gid = q->t->gid,
		.major = q->t->major,
		.minor = q->t->minor,
		.user = &q->fid->attach->user,
	};
}

static int new_qid(struct p9_request *q, const char *name)
{
	struct p9_attr attr;

	return ops_of(q)->lookup(tree_of(q), &q->fid->file, name, &q->r->qid, &attr);
}

static int dir_and_name(struct p9_request *q, char name[P9_NAME_MAX + 1])
{
	if (q->fid->file.type != TREE_DIR)
		return -ENOTDIR;
	return name_take(q->t->name, name);
}

static int make_node(struct p9_request *q, make_fn *make)
{
	struct tree_create how = how_of(q);
	char name[P9_NAME_MAX + 1];
	int err = dir_and_name(q, name);

	if (!err)
		err = make(tree_of(q), &q->fid->file, name, &how);
	return err ? err : new_qid(q, name);
}

int do_mkdir(struct p9_request *q)
{
	return make_node(q, ops_of(q)->mkdir);
}

int do_mknod(struct p9_request *q)
{
	return make_node(q, ops_of(q)->mknod);
}

int do_symlink(struct p9_request *q)
{
	struct tree_create how = how_of(q);
	char name[P9_NAME_MAX + 1];
	char target[TARGET_MAX + 1];
	struct p9_str to = q->t->target;
	int err = dir_and_name(q, name);

	if (err)
		return err;
	if (to.len > TARGET_MAX)
		return -ENAMETOOLONG;
	if (to.len == 0 || memchr(to.at, '\0', to.len))
		return to.len ? -EINVAL : -ENOENT;
	memcpy(target, to.at, to.len);
	target[to.len] = '\0';
	err = ops_of(q)->symlink(tree_of(q), &q->fid->file, name, target, &how);
	return err ? err : new_qid(q, name);
}

/* Tlink's first fid is the directory, its second the file. */
int do_link(struct p9_request *q)
{
	char name[P9_NAME_MAX + 1];
	struct fid *file;
	int err = dir_and_name(q, name);

	if (!err)
		err = other_fid(q, q->t->newfid, &file);
	if (err)
		return err;
	err = ops_of(q)->link(tree_of(q), &file->file, &q->fid->file, name);
	fid_put(&q->session->fids, file);
	return err;
}

static int rename_to(struct p9_request *q, struct tree_rename *how, struct p9_str to)
{
	char new_name[P9_NAME_MAX + 1];
	struct fid *dir;
	int err = name_take(to, new_name);

	if (!err)
		err = other_fid(q, q->t->newfid, &dir);
	if (err)
		return err;
	how->to = &dir->file;
	how->new_name = new_name;
	err = dir->file.type == TREE_DIR ? fid_inside(q, dir) : -ENOTDIR;
	if (!err)
		err = ops_of(q)->rename(tree_of(q), how);
	how->new_name = NULL; /* it was ours */
	fid_put(&q->session->fids, dir);
	return err;
}

static int rename_at(struct p9_request *q, uint32_t flags)
{
	char name[P9_NAME_MAX + 1];
	struct tree_rename how = { .from = &q->fid->file, .name = name, .flags = flags };
	int err = dir_and_name(q, name);

	return err ? err : rename_to(q, &how, q->t->target);
}

int do_renameat(struct p9_request *q)
{
	return rename_at(q, 0);
}

int do_wrename(struct p9_request *q)
{
	if (q->t->flags & ~(P9_RENAME_NOREPLACE | P9_RENAME_EXCHANGE))
		return -EINVAL;
	return rename_at(q, q->t->flags);
}

int do_rename(struct p9_request *q)
{
	char name[P9_NAME_MAX + 1];
	struct tree_file dir;
	struct tree_rename how = { .from = &dir, .name = name };
	int err = ops_of(q)->locate(tree_of(q), &q->fid->file, &q->fid->attach->top, &dir, name);

	if (err)
		return err;
	err = rename_to(q, &how, q->t->name);
	ops_of(q)->close(tree_of(q), &dir);
	return err;
}

int do_unlinkat(struct p9_request *q)
{
	char name[P9_NAME_MAX + 1];
	int err = dir_and_name(q, name);

	if (err)
		return err;
	if (q->t->flags & ~P9_REMOVEDIR)
		return -EINVAL;
	return ops_of(q)->unlink(tree_of(q), &q->fid->file, name, q->t->flags & P9_REMOVEDIR);
}

int link_target(struct p9_request *q, const struct tree_file *file, size_t reply_size,
		struct p9_str *target)
{
	size_t most = q->session->msize - reply_size;
	ssize_t len;

	if (most > TARGET_MAX)
		most = TARGET_MAX;
	len = ops_of(q)->readlink(tree_of(q), file, (char *)q->scratch, most + 1);
	if (len < 0)
		return (int)len;
	*target = (struct p9_str){ (const char *)q->scratch, (uint16_t)len };
	return (size_t)len > most ? -ENAMETOOLONG : 0;
}

int do_readlink(struct p9_request *q)
{
	if (q->fid->file.type != TREE_LINK)
		return -EINVAL;
	return link_target(q, &q->fid->file, READLINK_SIZE, &q->r->target);
}
