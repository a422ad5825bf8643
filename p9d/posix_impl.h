/* posix_impl.h: what the parts of the POSIX tree share. */
#ifndef LANDBRIDGE_P9D_POSIX_IMPL_H
#define LANDBRIDGE_P9D_POSIX_IMPL_H

#include <sys/stat.h>

#include "p9d/posix.h"

#define PROC_FD_PATH 40

static inline struct posix_tree *fs_of(struct filetree *tree)
{
	return (struct posix_tree *)(void *)tree;
}

/* A result of a system call as we return it. */
int fs_result(long ret);

/* The descriptor for calls that take any kind. */
static inline int fs_fd(const struct tree_file *file)
{
	return file->path >= 0 ? file->path : file->data;
}

/* "/proc/self/fd/N" of the file, for calls that only take a path. */
const char *fs_proc_path(const struct tree_file *file, char buf[PROC_FD_PATH]);

/* Opens the file again with other flags, through /proc. */
int fs_reopen(struct posix_tree *tree, const struct tree_file *file, int flags);

/* Describes fd in *out, where it becomes path; closes it on an error. `from`
 * is the directory it was reached from, or NULL. */
int fs_take(struct posix_tree *tree, int fd, const struct tree_file *from, struct tree_file *out);

enum tree_type fs_type(mode_t mode);
/* The qid version of a file in this state. */
uint32_t fs_version(bool synthetic, const struct stat *st);

int fs_walk(struct filetree *tree, const struct tree_file *dir, const char *name,
	    struct tree_file *out);
int fs_walk_up(struct filetree *tree, const struct tree_file *dir, const struct tree_file *top,
	       struct tree_file *out);
int fs_attach(struct filetree *tree, const char *path, struct tree_file *out);
int fs_clone(struct filetree *tree, const struct tree_file *file, struct tree_file *out);
int fs_close(struct filetree *tree, struct tree_file *file);
int fs_locate(struct filetree *tree, const struct tree_file *file, const struct tree_file *top,
	      struct tree_file *dir, char name[P9_NAME_MAX + 1]);

int fs_getattr(struct filetree *tree, const struct tree_file *file, uint64_t mask,
	       struct p9_qid *qid, struct p9_attr *attr);
int fs_setattr(struct filetree *tree, const struct tree_file *file, uint32_t valid,
	       const struct p9_attr *attr);
int fs_statfs(struct filetree *tree, const struct tree_file *file, struct p9_statfs *out);
int fs_access(struct filetree *tree, const struct tree_file *file, const struct tree_file *top,
	      uint32_t bits);
ssize_t fs_readlink(struct filetree *tree, const struct tree_file *file, char *buf, size_t size);
ssize_t fs_getxattr(struct filetree *tree, const struct tree_file *file, const char *name,
		    void *buf, size_t size);
int fs_setxattr(struct filetree *tree, const struct tree_file *file, const struct xattr *xattr);
int fs_removexattr(struct filetree *tree, const struct tree_file *file, const char *name);

int fs_open(struct filetree *tree, struct tree_file *file, uint32_t flags);
int fs_create(struct filetree *tree, const struct tree_file *dir, const char *name,
	      const struct tree_create *how, struct tree_file *out);
ssize_t fs_read(struct filetree *tree, const struct tree_file *file, void *buf, size_t count,
		uint64_t offset);
ssize_t fs_splice(struct filetree *tree, const struct tree_file *file, int pipe, size_t count,
		  uint64_t offset);
ssize_t fs_write(struct filetree *tree, const struct tree_file *file, const void *buf, size_t count,
		 uint64_t offset);
int fs_seek(struct filetree *tree, const struct tree_file *file, uint64_t *offset, bool hole);
int fs_sync(struct filetree *tree, const struct tree_file *file, bool data_only);

int fs_readdir(struct filetree *tree, struct tree_file *dir, uint64_t offset,
	       struct tree_listing *listing);
int fs_lookup(struct filetree *tree, const struct tree_file *dir, const char *name,
	      struct p9_qid *qid, struct p9_attr *attr);
int fs_mkdir(struct filetree *tree, const struct tree_file *dir, const char *name,
	     const struct tree_create *how);
int fs_mknod(struct filetree *tree, const struct tree_file *dir, const char *name,
	     const struct tree_create *how);
int fs_symlink(struct filetree *tree, const struct tree_file *dir, const char *name,
	       const char *target, const struct tree_create *how);
int fs_link(struct filetree *tree, const struct tree_file *file, const struct tree_file *dir,
	    const char *name);
int fs_unlink(struct filetree *tree, const struct tree_file *dir, const char *name, bool is_dir);
int fs_rename(struct filetree *tree, const struct tree_rename *how);
/* Gives a new file the group that the client wished for, where it may: a file
 * there with the usual group is better than none, so errors are not. fd: -1. */
void fs_new_group(const struct tree_file *dir, int fd, const char *name,
		  const struct tree_create *how);

int fs_lock_open(struct filetree *tree, const struct tree_file *file, bool write);
int fs_lock_copy(struct filetree *tree, int from, int to);
void fs_lock_close(struct filetree *tree, int owner);
int fs_lock(struct filetree *tree, int owner, const struct tree_lock *lock);
bool fs_lock_held(struct filetree *tree, int owner);
int fs_lock_test(struct filetree *tree, int owner, struct tree_lock *lock);

#endif
