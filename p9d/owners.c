/* owners.c: whose a file of a drive is, and what it may be made to. */
#include "p9d/owners.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "lib/fmt.h"
#include "p9d/owners_impl.h"

#define OWNERSHIP (P9_SET_MODE | P9_SET_UID | P9_SET_GID)
#define WRITE_BITS 0222u
#define NAMES_MAX 65536 /* of extended attributes: listxattr(2) */

/* ---- metadata ---- */

void owners_meta_get(struct filetree *tree, const struct tree_file *file, struct owners_meta *meta)
{
	const struct owners *o = owners_of(tree);
	uint8_t data[OWNERS_META_SIZE];
	ssize_t len = -ENODATA;

	if (o->options.metadata && file->type != TREE_LINK)
		len = o->below->getxattr(tree, file, OWNERS_META, data, sizeof(data));
	if (len < 0)
		*meta = (struct owners_meta){ .have = 0 };
	else
		owners_meta_decode(meta, data, (size_t)len);
}

int owners_meta_set(struct filetree *tree, const struct tree_file *file,
		    const struct owners_meta *meta)
{
	union {
		struct xattr xattr;
		char room[sizeof(struct xattr) + OWNERS_META_SIZE];
	} set = { .xattr = { .size = OWNERS_META_SIZE, .written = OWNERS_META_SIZE } };

	memcpy(set.xattr.name, OWNERS_META, sizeof(OWNERS_META));
	owners_meta_encode((uint8_t *)set.xattr.value, meta);
	return owners_of(tree)->below->setxattr(tree, file, &set.xattr);
}

/* ---- what is shown ---- */

/* Of what is another's, too much rather than too little: the host says no then. */
static bool server_writes(const struct owners *o, const struct p9_attr *attr)
{
	bool own = o->config.server == 0 || attr->uid == o->config.server;

	return attr->mode & (own ? S_IWUSR : S_IWGRP | S_IWOTH);
}

static uint32_t plain_mode(const struct owners *o, const struct p9_attr *attr)
{
	const struct owners_options *options = &o->options;
	uint32_t mask = options->umask | (S_ISDIR(attr->mode) ? options->dmask : options->fmask);

	if (S_ISLNK(attr->mode))
		return 0777;
	if (options->metadata && !S_ISREG(attr->mode) && !S_ISDIR(attr->mode))
		return attr->mode & 0777;
	return 0777 & ~mask & ~(server_writes(o, attr) ? 0 : WRITE_BITS);
}

void owners_show(const struct owners *o, const struct owners_meta *meta, struct p9_attr *attr)
{
	uint32_t mode = meta->have & OWNERS_MODE ? meta->mode & 07777 : plain_mode(o, attr);

	attr->mode = (attr->mode & S_IFMT) | mode;
	attr->uid = meta->have & OWNERS_UID ? meta->uid : o->options.uid;
	attr->gid = meta->have & OWNERS_GID ? meta->gid : o->options.gid;
	if (!(meta->have & OWNERS_DEVICE))
		return;
	attr->mode = meta->mode;
	attr->rdev = makedev(meta->major, meta->minor);
	attr->size = 0;
}

int owners_getattr(struct filetree *tree, const struct tree_file *file, uint64_t mask,
		   struct p9_qid *qid, struct p9_attr *attr)
{
	const struct owners *o = owners_of(tree);
	struct owners_meta meta;
	int err = o->below->getattr(tree, file, mask, qid, attr);

	if (err)
		return err;
	owners_meta_get(tree, file, &meta);
	owners_show(o, &meta, attr);
	return 0;
}

/* ---- what is set ---- */

static uint32_t mode_below(const struct owners *o, const struct p9_attr *now, uint32_t wanted)
{
	if (o->options.metadata) /* a pipe, a socket */
		return wanted & 0777;
	if (server_writes(o, now) == ((wanted & WRITE_BITS) != 0))
		return now->mode & 07777;
	return (wanted & WRITE_BITS ? now->mode | S_IWUSR : now->mode & ~WRITE_BITS) & 07777;
}

/* As DrvFs: only whether it may be written to. */
static int set_plain(struct filetree *tree, const struct tree_file *file, uint32_t valid,
		     const struct p9_attr *attr)
{
	const struct owners *o = owners_of(tree);
	struct p9_attr now, set = { .mode = 0 };
	struct p9_qid qid;
	int err = o->below->getattr(tree, file, 0, &qid, &now);

	if (err)
		return err;
	if ((valid & P9_SET_UID && attr->uid != o->options.uid) ||
	    (valid & P9_SET_GID && attr->gid != o->options.gid))
		return -EPERM;
	if (!(valid & P9_SET_MODE))
		return 0;
	if (file->type == TREE_LINK)
		return -EOPNOTSUPP;
	set.mode = mode_below(o, &now, attr->mode);
	return set.mode == (now.mode & 07777) ? 0
					      : o->below->setattr(tree, file, P9_SET_MODE, &set);
}

static int set_meta(struct filetree *tree, const struct tree_file *file, uint32_t valid,
		    const struct p9_attr *attr)
{
	struct owners *o = owners_of(tree);
	struct owners_meta meta;
	int err;

	pthread_mutex_lock(&o->lock);
	owners_meta_get(tree, file, &meta);
	if (valid & P9_SET_UID)
		meta.uid = attr->uid;
	if (valid & P9_SET_GID)
		meta.gid = attr->gid;
	if (valid & P9_SET_MODE)
		meta.mode = (meta.mode & S_IFMT) | (attr->mode & 07777);
	meta.have |= (uint8_t)((valid & P9_SET_UID ? OWNERS_UID : 0) |
			       (valid & P9_SET_GID ? OWNERS_GID : 0) |
			       (valid & P9_SET_MODE ? OWNERS_MODE : 0));
	err = owners_meta_set(tree, file, &meta);
	pthread_mutex_unlock(&o->lock);
	return err;
}

/* Pipes and sockets cannot, devices of ours are files. */
static bool keeps_meta(struct filetree *tree, const struct tree_file *file)
{
	struct owners_meta meta;

	if (!owners_of(tree)->options.metadata || file->type == TREE_LINK)
		return false;
	owners_meta_get(tree, file, &meta);
	return file->type != TREE_OTHER || meta.have & OWNERS_DEVICE;
}

static int owners_setattr(struct filetree *tree, const struct tree_file *file, uint32_t valid,
			  const struct p9_attr *attr)
{
	uint32_t ours = valid & OWNERSHIP;
	int err = 0;

	if (valid != ours)
		err = owners_of(tree)->below->setattr(tree, file, valid & ~ours, attr);
	if (err || !ours)
		return err;
	return keeps_meta(tree, file) ? set_meta(tree, file, ours, attr)
				      : set_plain(tree, file, ours, attr);
}

/* All files of a drive can be run. */
static int owners_access(struct filetree *tree, const struct tree_file *file,
			 const struct tree_file *top, uint32_t bits)
{
	if (file->type != TREE_DIR)
		bits &= ~P9_ACCESS_EXEC;
	return owners_of(tree)->below->access(tree, file, top, bits);
}

/* ---- extended attributes ---- */

static size_t keep_names(char *names, size_t len)
{
	size_t kept = 0, n;

	for (size_t at = 0; at < len; at += n) {
		n = strnlen(names + at, len - at);
		n += at + n < len; /* its NUL */
		if (!owners_xattr_may(names + at))
			continue;
		memmove(names + kept, names + at, n);
		kept += n;
	}
	return kept;
}

static ssize_t list_xattrs(struct filetree *tree, const struct tree_file *file, void *buf,
			   size_t size)
{
	char *names = malloc(NAMES_MAX + 1);
	ssize_t len = -ENOMEM;

	if (names)
		len = owners_of(tree)->below->getxattr(tree, file, NULL, names, NAMES_MAX);
	if (len > 0) {
		names[len] = '\0';
		len = (ssize_t)keep_names(names, (size_t)len);
	}
	if (len > 0 && size > 0 && (size_t)len > size)
		len = -ERANGE;
	if (len > 0 && size > 0)
		memcpy(buf, names, (size_t)len);
	free(names);
	return len;
}

/* What of a name that clients may not use: it is not there, or not of a kind. */
static int other_name(const char *name)
{
	return strncmp(name, "user.", 5) == 0 ? -ENODATA : -EOPNOTSUPP;
}

static ssize_t owners_getxattr(struct filetree *tree, const struct tree_file *file,
			       const char *name, void *buf, size_t size)
{
	if (!name)
		return list_xattrs(tree, file, buf, size);
	if (!owners_xattr_may(name))
		return other_name(name);
	return owners_of(tree)->below->getxattr(tree, file, name, buf, size);
}

static int owners_setxattr(struct filetree *tree, const struct tree_file *file,
			   const struct xattr *xattr)
{
	if (!owners_xattr_may(xattr->name))
		return -EOPNOTSUPP;
	return owners_of(tree)->below->setxattr(tree, file, xattr);
}

static int owners_removexattr(struct filetree *tree, const struct tree_file *file, const char *name)
{
	if (!owners_xattr_may(name))
		return other_name(name);
	return owners_of(tree)->below->removexattr(tree, file, name);
}

/* ---- attaching ---- */

static int take_words(struct owners *o, const char *words)
{
	struct owners_options options = { .folds = o->config.folds };
	const char *wrong;
	size_t len;

	if (o->attached)
		return strcmp(words, o->words) == 0 ? 0 : -EINVAL;
	if (strlen(words) >= sizeof(o->words))
		return -ENAMETOOLONG;
	if (owners_parse(&options, words, &wrong, &len) < 0)
		return -EINVAL;
	fmt(o->words, sizeof(o->words), "%s", words);
	o->options = options;
	o->attached = true;
	return 0;
}

static int owners_attach(struct filetree *tree, const char *words, struct tree_file *out)
{
	struct owners *o = owners_of(tree);
	int err;

	pthread_mutex_lock(&o->lock);
	err = take_words(o, words);
	tree->folds = o->options.folds;
	pthread_mutex_unlock(&o->lock);
	return err ? err : o->below->attach(tree, "", out);
}

void owners_wrap(struct owners *o, struct filetree *tree, const struct owners_config *config)
{
	*o = (struct owners){ .config = *config, .below = tree->ops, .ops = *tree->ops };
	pthread_mutex_init(&o->lock, NULL);
	o->ops.attach = owners_attach;
	o->ops.walk = owners_walk;
	o->ops.lookup = owners_lookup;
	o->ops.readdir = owners_readdir;
	o->ops.getattr = owners_getattr;
	o->ops.setattr = owners_setattr;
	o->ops.access = owners_access;
	o->ops.create = owners_create;
	o->ops.mkdir = owners_mkdir;
	o->ops.mknod = owners_mknod;
	o->ops.symlink = owners_symlink;
	o->ops.link = owners_link;
	o->ops.unlink = owners_unlink;
	o->ops.rename = owners_rename;
	o->ops.getxattr = owners_getxattr;
	o->ops.setxattr = owners_setxattr;
	o->ops.removexattr = owners_removexattr;
	tree->ops = &o->ops;
	tree->wrapper = o;
}
