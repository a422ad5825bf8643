/* owners_make.c: new files on a drive, and whose they are. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "p9d/owners_impl.h"

/* What the host is asked for: the file is always its user's to read, and as far as
 * its mode means anything to the host, to write. */
static struct tree_create how_below(const struct owners *o, const struct tree_create *how,
				    bool is_dir)
{
	struct tree_create below = *how;
	bool writes = o->options.metadata || how->mode & 0222;

	below.mode = (how->mode & (S_IFMT | 0777)) | S_IRUSR | (writes ? S_IWUSR : 0) |
		     (is_dir ? S_IXUSR : 0);
	below.gid = P9_NOUID; /* a group of the guest's */
	return below;
}

/* In a directory whose mode says so a new file is of its group: inode(7), S_ISGID. */
static void inherit_group(struct filetree *tree, const struct tree_file *dir, bool is_dir,
			  struct owners_meta *meta)
{
	struct owners_meta up;

	owners_meta_get(tree, dir, &up);
	if (!(up.have & OWNERS_MODE) || !(up.mode & S_ISGID))
		return;
	meta->have &= (uint8_t)~OWNERS_GID;
	meta->have |= up.have & OWNERS_GID;
	meta->gid = up.gid;
	if (is_dir)
		meta->mode |= S_ISGID;
}

static int set_new(struct filetree *tree, const struct tree_file *dir, const struct tree_file *file,
		   const struct tree_create *how)
{
	struct owners_meta meta = { .have = OWNERS_MODE, .mode = how->mode & 07777 };

	if (how->user->uid != P9_NOUID) {
		meta.have |= OWNERS_UID;
		meta.uid = how->user->uid;
	}
	if (how->gid != P9_NOUID) {
		meta.have |= OWNERS_GID;
		meta.gid = how->gid;
	}
	inherit_group(tree, dir, file->type == TREE_DIR, &meta);
	if (S_ISCHR(how->mode) || S_ISBLK(how->mode)) {
		meta.have |= OWNERS_DEVICE;
		meta.mode |= how->mode & S_IFMT;
		meta.major = how->major;
		meta.minor = how->minor;
	}
	return owners_meta_set(tree, file, &meta);
}

/* What is there with the usual owner is better than nothing there. */
static void set_new_by_name(struct filetree *tree, const struct tree_file *dir, const char *name,
			    const struct tree_create *how)
{
	const struct tree_ops *below = owners_of(tree)->below;
	struct tree_file file;

	if (!owners_of(tree)->options.metadata || below->walk(tree, dir, name, &file) < 0)
		return;
	set_new(tree, dir, &file, how);
	below->close(tree, &file);
}

/* ---- files ---- */

static int open_there(struct filetree *tree, const struct tree_file *dir, const char *name,
		      uint32_t flags, struct tree_file *out)
{
	const struct tree_ops *below = owners_of(tree)->below;
	int err = owners_walk(tree, dir, name, out);

	if (err)
		return err;
	err = below->open(tree, out, flags);
	if (err)
		below->close(tree, out);
	return err;
}

/* Exclusively, so that it is known whether the file is new. */
static int create_new(struct filetree *tree, const struct tree_file *dir, const char *name,
		      const struct tree_create *how, struct tree_file *out)
{
	const struct owners *o = owners_of(tree);
	struct tree_create real = how_below(o, how, false);
	int err = owners_is_new(tree, dir, name);

	real.flags |= P9_O_EXCL;
	if (!err)
		err = o->below->create(tree, dir, name, &real, out);
	if (!err && o->options.metadata)
		set_new(tree, dir, out, how);
	return err;
}

int owners_create(struct filetree *tree, const struct tree_file *dir, const char *name,
		  const struct tree_create *how, struct tree_file *out)
{
	int err = -EEXIST;

	/* It may come and go between the two. */
	for (int i = 0; i < 4; i++) {
		err = create_new(tree, dir, name, how, out);
		if (err != -EEXIST || how->flags & P9_O_EXCL)
			return err;
		err = open_there(tree, dir, name, how->flags, out);
		if (err != -ENOENT)
			return err;
	}
	return err;
}

/* ---- others ---- */

int owners_mkdir(struct filetree *tree, const struct tree_file *dir, const char *name,
		 const struct tree_create *how)
{
	const struct owners *o = owners_of(tree);
	struct tree_create real = how_below(o, how, true);
	int err = owners_is_new(tree, dir, name);

	if (!err)
		err = o->below->mkdir(tree, dir, name, &real);
	if (!err)
		set_new_by_name(tree, dir, name, how);
	return err;
}

/* An empty file that only its metadata makes one. */
static int make_device(struct filetree *tree, const struct tree_file *dir, const char *name,
		       const struct tree_create *how)
{
	const struct owners *o = owners_of(tree);
	struct tree_create real = { .flags = P9_O_WRONLY | P9_O_EXCL,
				    .mode = S_IRUSR | S_IWUSR,
				    .gid = P9_NOUID,
				    .user = how->user };
	struct tree_file file;
	int err;

	if (!o->options.metadata)
		return -EPERM;
	err = o->below->create(tree, dir, name, &real, &file);
	if (err)
		return err;
	err = set_new(tree, dir, &file, how);
	o->below->close(tree, &file);
	if (err)
		o->below->unlink(tree, dir, name, false);
	return err;
}

int owners_mknod(struct filetree *tree, const struct tree_file *dir, const char *name,
		 const struct tree_create *how)
{
	const struct owners *o = owners_of(tree);
	struct tree_create real = how_below(o, how, false);
	int err = owners_is_new(tree, dir, name);

	if (err)
		return err;
	if (S_ISCHR(how->mode) || S_ISBLK(how->mode))
		return make_device(tree, dir, name, how);
	err = o->below->mknod(tree, dir, name, &real);
	if (!err && !S_ISFIFO(how->mode) && !S_ISSOCK(how->mode))
		set_new_by_name(tree, dir, name, how);
	return err;
}

int owners_symlink(struct filetree *tree, const struct tree_file *dir, const char *name,
		   const char *target, const struct tree_create *how)
{
	struct tree_create real = *how;
	int err = owners_is_new(tree, dir, name);

	real.gid = P9_NOUID;
	return err ? err : owners_of(tree)->below->symlink(tree, dir, name, target, &real);
}
