/* posix_impl.h: what the parts of the POSIX tree share. */
#ifndef LANDBRIDGE_P9D_POSIX_IMPL_H
#define LANDBRIDGE_P9D_POSIX_IMPL_H

#include <sys/stat.h>

#include "p9d/posix.h"

#define PROC_FD_PATH 40

static inline struct posix_tree *posix_of(struct tree *tree)
{
	return (struct posix_tree *)(void *)tree;
}

/* A result of a system call as we return it. */
int posix_result(long ret);

/* The descriptor for calls that take any kind. */
static inline int posix_fd(const struct tree_file *file)
{
	return file->path >= 0 ? file->path : file->data;
}

/* "/proc/self/fd/N" of the file, for calls that only take a path. */
const char *posix_proc_path(const struct tree_file *file, char buf[PROC_FD_PATH]);

/* Opens the file again with other flags, through /proc. */
int posix_reopen(struct posix_tree *tree, const struct tree_file *file, int flags);

/* Describes fd in *out, where it becomes path; closes it on an error. `from`
 * is the directory it was reached from, or NULL. */
int posix_take(struct posix_tree *tree, int fd, const struct tree_file *from,
               struct tree_file *out);

enum tree_type posix_type(mode_t mode);
/* The qid version of a file in this state. */
uint32_t posix_version(bool synthetic, const struct stat *st);

int posix_walk(struct tree *tree, const struct tree_file *dir, const char *name,
               struct tree_file *out);
int posix_walk_up(struct tree *tree, const struct tree_file *dir, const struct tree_file *top,
                  struct tree_file *out);
int posix_attach(struct tree *tree, const char *path, struct tree_file *out);
int posix_clone(struct tree *tree, const struct tree_file *file, struct tree_file *out);
int posix_close(struct tree *tree, struct tree_file *file);
int posix_locate(struct tree *tree, const struct tree_file *file, const struct tree_file *top,
                 struct tree_file *dir, char name[P9_NAME_MAX + 1]);

int posix_getattr(struct tree *tree, const struct tree_file *file, uint64_t mask,
                  struct p9_qid *qid, struct p9_attr *attr);
int posix_setattr(struct tree *tree, const struct tree_file *file, uint32_t valid,
                  const struct p9_attr *attr);
int posix_statfs(struct tree *tree, const struct tree_file *file, struct p9_statfs *out);
int posix_access(struct tree *tree, const struct tree_file *file, const struct tree_file *top,
                 uint32_t bits);
ssize_t posix_readlink(struct tree *tree, const struct tree_file *file, char *buf, size_t size);
ssize_t posix_getxattr(struct tree *tree, const struct tree_file *file, const char *name,
                       void *buf, size_t size);
int posix_setxattr(struct tree *tree, const struct tree_file *file, const struct xattr *xattr);
int posix_removexattr(struct tree *tree, const struct tree_file *file, const char *name);

int posix_open(struct tree *tree, struct tree_file *file, uint32_t flags);
int posix_create(struct tree *tree, const struct tree_file *dir, const char *name,
                 const struct tree_create *how, struct tree_file *out);
ssize_t posix_read(struct tree *tree, const struct tree_file *file, void *buf, size_t count,
                   uint64_t offset);
ssize_t posix_splice(struct tree *tree, const struct tree_file *file, int pipe, size_t count,
                     uint64_t offset);
ssize_t posix_write(struct tree *tree, const struct tree_file *file, const void *buf,
                    size_t count, uint64_t offset);
int posix_sync(struct tree *tree, const struct tree_file *file, bool data_only);

int posix_readdir(struct tree *tree, struct tree_file *dir, uint64_t offset,
                  struct tree_listing *listing);
int posix_lookup(struct tree *tree, const struct tree_file *dir, const char *name,
                 struct p9_qid *qid, struct p9_attr *attr);
int posix_mkdir(struct tree *tree, const struct tree_file *dir, const char *name,
                const struct tree_create *how);
int posix_mknod(struct tree *tree, const struct tree_file *dir, const char *name,
                const struct tree_create *how);
int posix_symlink(struct tree *tree, const struct tree_file *dir, const char *name,
                  const char *target, const struct tree_create *how);
int posix_link(struct tree *tree, const struct tree_file *file, const struct tree_file *dir,
               const char *name);
int posix_unlink(struct tree *tree, const struct tree_file *dir, const char *name, bool is_dir);
int posix_rename(struct tree *tree, const struct tree_file *from, const char *name,
                 const struct tree_file *to, const char *new_name);
/* Gives a new file the group that the client wished for, where it may: a file
 * there with the usual group is better than none, so errors are not. fd: -1. */
void posix_new_group(const struct tree_file *dir, int fd, const char *name,
                    const struct tree_create *how);

int posix_lock_open(struct tree *tree, const struct tree_file *file);
void posix_lock_close(struct tree *tree, int owner);
int posix_lock(struct tree *tree, int owner, const struct tree_lock *lock, bool wait);
int posix_lock_test(struct tree *tree, int owner, struct tree_lock *lock);

#endif
