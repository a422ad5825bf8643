/* owners_impl.h: what the parts of the owners' tree share. */
#ifndef LANDBRIDGE_P9D_OWNERS_IMPL_H
#define LANDBRIDGE_P9D_OWNERS_IMPL_H

#include "p9d/owners.h"

static inline struct owners *owners_of(struct filetree *tree)
{
	return tree->wrapper;
}

/* ---- owners.c ---- */

/* A file's metadata; without any, or without the option, it has nothing. */
void owners_meta_get(struct filetree *tree, const struct tree_file *file, struct owners_meta *meta);
int owners_meta_set(struct filetree *tree, const struct tree_file *file,
		    const struct owners_meta *meta);
int owners_getattr(struct filetree *tree, const struct tree_file *file, uint64_t mask,
		   struct p9_qid *qid, struct p9_attr *attr);
/* What its clients see, without metadata, of a file that is such on the host. */
void owners_show(const struct owners *o, const struct owners_meta *meta, struct p9_attr *attr);

/* ---- owners_dir.c: names ---- */

int owners_walk(struct filetree *tree, const struct tree_file *dir, const char *name,
		struct tree_file *out);
int owners_lookup(struct filetree *tree, const struct tree_file *dir, const char *name,
		  struct p9_qid *qid, struct p9_attr *attr);
int owners_readdir(struct filetree *tree, struct tree_file *dir, uint64_t offset,
		   struct tree_listing *listing);
int owners_unlink(struct filetree *tree, const struct tree_file *dir, const char *name,
		  bool is_dir);
int owners_rename(struct filetree *tree, const struct tree_rename *how);
int owners_link(struct filetree *tree, const struct tree_file *file, const struct tree_file *dir,
		const char *name);
/* The name that dir has for `name`: 0, or -ENOENT. */
int owners_spelling(struct filetree *tree, const struct tree_file *dir, const char *name,
		    char real[P9_NAME_MAX + 1]);
/* -EEXIST when it has one, where case is not minded. */
int owners_is_new(struct filetree *tree, const struct tree_file *dir, const char *name);

/* ---- owners_make.c: new files ---- */

int owners_create(struct filetree *tree, const struct tree_file *dir, const char *name,
		  const struct tree_create *how, struct tree_file *out);
int owners_mkdir(struct filetree *tree, const struct tree_file *dir, const char *name,
		 const struct tree_create *how);
int owners_mknod(struct filetree *tree, const struct tree_file *dir, const char *name,
		 const struct tree_create *how);
int owners_symlink(struct filetree *tree, const struct tree_file *dir, const char *name,
		   const char *target, const struct tree_create *how);

#endif
