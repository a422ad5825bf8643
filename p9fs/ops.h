/* ops.h: what the kernel asks for, as libfuse passes it on (fuse_lowlevel.h has
 * what each is to do). Private to interop/host/mount.
 */
#ifndef LANDBRIDGE_P9FS_OPS_H
#define LANDBRIDGE_P9FS_OPS_H

#include "p9fs/op.h"

/* op_name.c */
void on_lookup(fuse_req_t req, fuse_ino_t parent, const char *name);
void on_forget(fuse_req_t req, fuse_ino_t ino, uint64_t lookups);
void on_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets);
void on_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev);
void on_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode);
void on_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name);
void on_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t newparent, const char *newname);
void on_unlink(fuse_req_t req, fuse_ino_t parent, const char *name);
void on_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name);
void on_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t newparent,
	       const char *newname, unsigned flags);

/* op_file.c */
void on_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void on_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
	       struct fuse_file_info *fi);
void on_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void on_write(fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t off,
	      struct fuse_file_info *fi);
void on_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void on_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void on_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi);
void on_lseek(fuse_req_t req, fuse_ino_t ino, off_t off, int whence, struct fuse_file_info *fi);
void on_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);

/* op_dir.c */
void on_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void on_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		    struct fuse_file_info *fi);

/* op_lock.c */
void on_getlk(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct flock *lock);
void on_setlk(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct flock *lock,
	      int wait);
void on_flock(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, int how);

/* op_attr.c */
void on_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void on_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
		struct fuse_file_info *fi);
void on_readlink(fuse_req_t req, fuse_ino_t ino);
void on_access(fuse_req_t req, fuse_ino_t ino, int mask);
void on_statfs(fuse_req_t req, fuse_ino_t ino);

/* op_xattr.c */
void on_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size);
void on_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size);
void on_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name, const char *value, size_t size,
		 int flags);
void on_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name);

#endif
