/* protocol_impl.h: what the request handlers share. Each is called with
 * request->fid held (where its table line says so) and as its user, and
 * returns 0 with request->r filled, or a negative errno. */
#ifndef LANDBRIDGE_P9D_PROTOCOL_IMPL_H
#define LANDBRIDGE_P9D_PROTOCOL_IMPL_H

#include "p9d/protocol.h"

/* name becomes a NUL-terminated component. -EINVAL, -ENAMETOOLONG. */
int name_take(struct p9_str from, char name[P9_NAME_MAX + 1]);

static inline const struct tree_ops *ops_of(const struct p9_request *q)
{
	return q->session->tree->ops;
}

static inline struct filetree *tree_of(const struct p9_request *q)
{
	return q->session->tree;
}

/* *at becomes the file `name` in it; as it was on an error. */
int step_to(struct p9_request *q, struct tree_file *at, struct p9_str name);

int become(struct p9_request *q, struct attach *attach);
/* Whether names in the directory `fid` (another file: yes) may be used: 0 or -ESTALE. */
int fid_inside(struct p9_request *q, const struct fid *fid);
/* The largest data a reply may carry. */
uint32_t data_limit(const struct p9_request *q, uint32_t wanted);
/* Gives fid its number for a request that began in this era. */
int request_hook(struct p9_request *q, struct fid *fid, uint32_t number, struct fid *replaces);
/* The other fid of a request; -EBADF. fid_put it. */
int other_fid(struct p9_request *q, uint32_t number, struct fid **fid);

int do_attach(struct p9_request *q);
int do_walk(struct p9_request *q);
int do_clunk(struct p9_request *q);
int do_remove(struct p9_request *q);
int do_wopen(struct p9_request *q);

int do_lopen(struct p9_request *q);
int do_lcreate(struct p9_request *q);
int do_read(struct p9_request *q);
int do_write(struct p9_request *q);
int do_fsync(struct p9_request *q);
int do_wseek(struct p9_request *q);
int do_readdir(struct p9_request *q);
int do_wreaddir(struct p9_request *q);
int do_wlist(struct p9_request *q);

int do_symlink(struct p9_request *q);
int do_mknod(struct p9_request *q);
int do_mkdir(struct p9_request *q);
int do_link(struct p9_request *q);
int do_rename(struct p9_request *q);
int do_renameat(struct p9_request *q);
int do_wrename(struct p9_request *q);
int do_unlinkat(struct p9_request *q);
int do_readlink(struct p9_request *q);
/* A link's whole text, for a reply that has reply_size bytes without it.
 * -ENAMETOOLONG: that would be more than the connection's messages hold. */
int link_target(struct p9_request *q, const struct tree_file *file, size_t reply_size,
		struct p9_str *target);

int do_getattr(struct p9_request *q);
int do_setattr(struct p9_request *q);
int do_statfs(struct p9_request *q);
int do_access(struct p9_request *q);
int do_xattrwalk(struct p9_request *q);
int do_xattrcreate(struct p9_request *q);
int xattr_read(struct p9_request *q);
int xattr_write(struct p9_request *q);
int xattr_commit(struct p9_request *q);

int do_lock(struct p9_request *q);
int do_getlock(struct p9_request *q);
/* An open fid is gone: with the last one of its file its locks go. */
void locks_forget(struct p9_session *session, struct fid *fid);
void locks_clear(struct p9_session *session);

#endif
