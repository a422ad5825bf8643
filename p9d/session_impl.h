/* session_impl.h: what the request handlers share. Each is called with
 * request->fid held (where its table line says so) and as its user, and
 * returns 0 with request->r filled, or a negative errno. */
#ifndef LANDBRIDGE_P9D_SESSION_IMPL_H
#define LANDBRIDGE_P9D_SESSION_IMPL_H

#include "p9d/session.h"

/* name becomes a NUL-terminated component. -EINVAL, -ENAMETOOLONG. */
int name_take(struct p9_str from, char name[P9_NAME_MAX + 1]);

static inline const struct tree_ops *ops_of(const struct request *q)
{
	return q->session->tree->ops;
}

static inline struct tree *tree_of(const struct request *q)
{
	return q->session->tree;
}

int become(struct request *q, struct attach *attach);
/* The largest data a reply may carry. */
uint32_t data_limit(const struct request *q, uint32_t wanted);
/* Gives fid its number for a request that began in this era. */
int request_hook(struct request *q, struct fid *fid, uint32_t number, struct fid *replaces);
/* The other fid of a request; -EBADF. fid_put it. */
int other_fid(struct request *q, uint32_t number, struct fid **fid);

int do_attach(struct request *q);
int do_walk(struct request *q);
int do_clunk(struct request *q);
int do_remove(struct request *q);
int do_wopen(struct request *q);

int do_lopen(struct request *q);
int do_lcreate(struct request *q);
int do_read(struct request *q);
int do_write(struct request *q);
int do_fsync(struct request *q);
int do_readdir(struct request *q);
int do_wreaddir(struct request *q);

int do_symlink(struct request *q);
int do_mknod(struct request *q);
int do_mkdir(struct request *q);
int do_link(struct request *q);
int do_rename(struct request *q);
int do_renameat(struct request *q);
int do_unlinkat(struct request *q);
int do_readlink(struct request *q);
/* A link's whole text, for a reply that has reply_size bytes without it.
 * -ENAMETOOLONG: that would be more than the connection's messages hold. */
int link_target(struct request *q, const struct tree_file *file, size_t reply_size,
		struct p9_str *target);

int do_getattr(struct request *q);
int do_setattr(struct request *q);
int do_statfs(struct request *q);
int do_access(struct request *q);
int do_xattrwalk(struct request *q);
int do_xattrcreate(struct request *q);
int xattr_read(struct request *q);
int xattr_write(struct request *q);
int xattr_commit(struct request *q);

int do_lock(struct request *q);
int do_getlock(struct request *q);
/* An open fid is gone: with the last one of its file its locks go. */
void locks_forget(struct session *session, struct fid *fid);
void locks_clear(struct session *session);

#endif
