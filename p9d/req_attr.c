/* req_attr.c: requests on attributes, plain and extended. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "p9d/protocol_impl.h"

int do_getattr(struct p9_request *q)
{
	q->r->mask = P9_ATTR_BASIC | (q->t->mask & P9_ATTR_BTIME);
	return ops_of(q)->getattr(tree_of(q), &q->fid->file, q->t->mask, &q->r->qid, &q->r->attr);
}

int do_setattr(struct p9_request *q)
{
	if (q->t->mask & ~(uint64_t)P9_SET_ALL)
		return -EINVAL;
	return ops_of(q)->setattr(tree_of(q), &q->fid->file, (uint32_t)q->t->mask, &q->t->attr);
}

int do_statfs(struct p9_request *q)
{
	return ops_of(q)->statfs(tree_of(q), &q->fid->file, &q->r->statfs);
}

int do_access(struct p9_request *q)
{
	return ops_of(q)->access(tree_of(q), &q->fid->file, &q->fid->attach->top, q->t->flags);
}

/* ---- extended attributes ---- */

/* Room for a value of `size` bytes, counted against the session's limit. */
static struct xattr *new_xattr(struct p9_request *q, size_t size)
{
	struct fid_table *table = &q->session->fids;
	struct xattr *xattr = NULL;
	bool fits;

	pthread_mutex_lock(&table->lock);
	fits = table->xattr_count < SESSION_XATTR_FIDS;
	if (fits)
		xattr = calloc(1, sizeof(*xattr) + size);
	if (xattr)
		table->xattr_count++;
	pthread_mutex_unlock(&table->lock);
	if (xattr)
		xattr->size = size;
	return xattr;
}

static void drop_xattr(struct p9_request *q, struct xattr *xattr)
{
	pthread_mutex_lock(&q->session->fids.lock);
	q->session->fids.xattr_count--;
	pthread_mutex_unlock(&q->session->fids.lock);
	free(xattr);
}

/* An empty name asks for the list of names. */
static int xattr_name(struct p9_str from, char name[P9_NAME_MAX + 1])
{
	if (from.len > P9_NAME_MAX)
		return -ERANGE;
	if (from.len && memchr(from.at, '\0', from.len))
		return -EINVAL;
	if (from.len)
		memcpy(name, from.at, from.len);
	name[from.len] = '\0';
	return 0;
}

/* The value is read at once: what the client reads later fits together. */
static int fetch_xattr(struct p9_request *q, const char *name, struct xattr **out)
{
	const struct tree_file *file = &q->fid->file;
	const char *which = *name ? name : NULL;
	ssize_t size = ops_of(q)->getxattr(tree_of(q), file, which, NULL, 0);
	struct xattr *xattr;

	if (size < 0)
		return (int)size;
	if (size > SESSION_XATTR_MAX)
		return -E2BIG;
	xattr = new_xattr(q, (size_t)size);
	if (!xattr)
		return -ENFILE;
	if (size)
		size = ops_of(q)->getxattr(tree_of(q), file, which, xattr->value, (size_t)size);
	if (size < 0) {
		drop_xattr(q, xattr);
		return (int)size;
	}
	xattr->size = (size_t)size;
	*out = xattr;
	return 0;
}

static int hook_xattr(struct p9_request *q, struct xattr *xattr)
{
	struct fid_table *table = &q->session->fids;
	struct fid *fid = fid_new(table, q->fid->attach);
	int err;

	if (!fid) {
		drop_xattr(q, xattr);
		return -ENFILE;
	}
	fid->xattr = xattr;
	atomic_store(&fid->state, FID_XATTR_READ);
	err = request_hook(q, fid, q->t->newfid, NULL);
	fid_put(table, fid);
	return err;
}

int do_xattrwalk(struct p9_request *q)
{
	char name[P9_NAME_MAX + 1];
	struct xattr *xattr = NULL;
	int err = xattr_name(q->t->name, name);

	if (!err)
		err = fetch_xattr(q, name, &xattr);
	if (err)
		return err;
	q->r->length = xattr->size;
	return hook_xattr(q, xattr);
}

/* The fid collects the value from here on; clunking it sets the attribute. */
int do_xattrcreate(struct p9_request *q)
{
	struct fid *fid = q->fid;
	struct xattr *xattr;
	char name[P9_NAME_MAX + 1];
	int err = xattr_name(q->t->name, name);

	if (!err && q->t->name.len == 0)
		err = -EINVAL;
	if (!err && q->t->length > SESSION_XATTR_MAX)
		err = -E2BIG;
	if (!err && q->t->flags & ~(uint32_t)(XATTR_CREATE | XATTR_REPLACE))
		err = -EINVAL;
	if (err)
		return err;
	xattr = new_xattr(q, (size_t)q->t->length);
	if (!xattr)
		return -ENFILE;
	xattr->flags = q->t->flags;
	memcpy(xattr->name, name, sizeof(name));
	pthread_mutex_lock(&fid->busy);
	err = atomic_load(&fid->state) == FID_PATH ? 0 : -EBADF;
	if (!err) {
		fid->xattr = xattr;
		atomic_store(&fid->state, FID_XATTR_WRITE);
	}
	pthread_mutex_unlock(&fid->busy);
	if (err)
		drop_xattr(q, xattr);
	return err;
}

int xattr_read(struct p9_request *q)
{
	const struct xattr *xattr = q->fid->xattr;
	uint32_t count = data_limit(q, q->t->count);

	if (q->t->offset >= xattr->size)
		count = 0;
	else if (xattr->size - q->t->offset < count)
		count = (uint32_t)(xattr->size - q->t->offset);
	q->r->count = count;
	q->r->data = q->room;
	if (count)
		memcpy(q->room, xattr->value + q->t->offset, count);
	return 0;
}

/* Bytes may come twice, but without gaps: so that what is set at the end was
 * all sent. */
int xattr_write(struct p9_request *q)
{
	struct xattr *xattr = q->fid->xattr;
	uint64_t from = q->t->offset;
	int err = 0;

	pthread_mutex_lock(&q->fid->busy);
	if (from > xattr->size || q->t->count > xattr->size - from)
		err = -ENOSPC;
	else if (from > xattr->written)
		err = -EINVAL;
	else if (q->t->count)
		memcpy(xattr->value + from, q->t->data, q->t->count);
	if (!err && from + q->t->count > xattr->written)
		xattr->written = from + q->t->count;
	q->r->count = q->t->count;
	pthread_mutex_unlock(&q->fid->busy);
	return err;
}

int xattr_commit(struct p9_request *q)
{
	const struct xattr *xattr = q->fid->xattr;
	bool removes = xattr->size == 0 && xattr->flags == XATTR_REPLACE;

	if (xattr->written != xattr->size)
		return -EINVAL;
	if (removes)
		return ops_of(q)->removexattr(tree_of(q), &q->fid->file, xattr->name);
	return ops_of(q)->setxattr(tree_of(q), &q->fid->file, xattr);
}
