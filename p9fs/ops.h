/* ops.h: what the kernel asks for (fuse(4)). Private to p9fs.
 */
#ifndef LANDBRIDGE_P9FS_OPS_H
#define LANDBRIDGE_P9FS_OPS_H

#include "p9fs/op.h"

/* Takes up one request; it is answered now or later. */
void ops_dispatch(struct p9fs *m, const struct fuse_request *q);

/* One kind of request each. */
typedef void on_request(struct p9fs *m, const struct fuse_request *q);

/* op_name.c */
on_request on_lookup, on_forget, on_batch_forget, on_mknod, on_mkdir, on_symlink, on_link;
on_request on_unlink, on_rmdir, on_rename, on_rename2;

/* op_file.c */
on_request on_open, on_opendir, on_create, on_read, on_write, on_flush, on_release, on_fsync;
on_request on_lseek;

/* op_dir.c */
on_request on_readdir, on_readdirplus;

/* op_lock.c */
on_request on_getlk, on_setlk;

/* op_attr.c */
on_request on_getattr, on_setattr, on_readlink, on_access, on_statfs;

/* op_xattr.c */
on_request on_getxattr, on_listxattr, on_setxattr, on_removexattr;

#endif
