/* ops.c: which request is whose. */
#include "p9fs/ops.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>

#include "lib/lib.h"

static void on_interrupt(struct p9fs *m, const struct fuse_request *q)
{
	ops_interrupt(m, q->interrupt->unique);
}

static void on_destroy(struct p9fs *m, const struct fuse_request *q)
{
	fuse_answer(&m->fuse, q->unique, NULL, 0);
}

static on_request *const requests[FUSE_OPCODES] = {
	[FUSE_LOOKUP] = on_lookup,
	[FUSE_FORGET] = on_forget,
	[FUSE_GETATTR] = on_getattr,
	[FUSE_SETATTR] = on_setattr,
	[FUSE_READLINK] = on_readlink,
	[FUSE_SYMLINK] = on_symlink,
	[FUSE_MKNOD] = on_mknod,
	[FUSE_MKDIR] = on_mkdir,
	[FUSE_UNLINK] = on_unlink,
	[FUSE_RMDIR] = on_rmdir,
	[FUSE_RENAME] = on_rename,
	[FUSE_LINK] = on_link,
	[FUSE_OPEN] = on_open,
	[FUSE_READ] = on_read,
	[FUSE_WRITE] = on_write,
	[FUSE_STATFS] = on_statfs,
	[FUSE_RELEASE] = on_release,
	[FUSE_FSYNC] = on_fsync,
	[FUSE_SETXATTR] = on_setxattr,
	[FUSE_GETXATTR] = on_getxattr,
	[FUSE_LISTXATTR] = on_listxattr,
	[FUSE_REMOVEXATTR] = on_removexattr,
	[FUSE_FLUSH] = on_flush,
	[FUSE_OPENDIR] = on_opendir,
	[FUSE_READDIR] = on_readdir,
	[FUSE_RELEASEDIR] = on_release,
	[FUSE_FSYNCDIR] = on_fsync,
	[FUSE_GETLK] = on_getlk,
	[FUSE_SETLK] = on_setlk,
	[FUSE_SETLKW] = on_setlk,
	[FUSE_ACCESS] = on_access,
	[FUSE_CREATE] = on_create,
	[FUSE_INTERRUPT] = on_interrupt,
	[FUSE_DESTROY] = on_destroy,
	[FUSE_BATCH_FORGET] = on_batch_forget,
	[FUSE_READDIRPLUS] = on_readdirplus,
	[FUSE_RENAME2] = on_rename2,
	[FUSE_LSEEK] = on_lseek,
};

static bool is_change(const struct fuse_request *q)
{
	switch (q->opcode) {
	case FUSE_SETATTR:
	case FUSE_SYMLINK:
	case FUSE_MKNOD:
	case FUSE_MKDIR:
	case FUSE_UNLINK:
	case FUSE_RMDIR:
	case FUSE_RENAME:
	case FUSE_RENAME2:
	case FUSE_LINK:
	case FUSE_WRITE:
	case FUSE_SETXATTR:
	case FUSE_REMOVEXATTR:
	case FUSE_CREATE:
		return true;
	case FUSE_OPEN:
		return (q->open->flags & O_ACCMODE) != O_RDONLY;
	default:
		return false;
	}
}

/* A mount is for reading only where it is seen; who had one of ours before it became
 * so (in another mount namespace) would write. */
void ops_dispatch(struct p9fs *m, const struct fuse_request *q)
{
	bool read_only = m->config.read_only || m->config.flags & MS_RDONLY;

	if (replay_answers(m, q))
		return;
	if (read_only && is_change(q))
		fuse_refuse(&m->fuse, q->unique, EROFS);
	else
		requests[q->opcode](m, q); /* what was decoded has one */
}
