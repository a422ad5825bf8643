/* req_file.c: requests on opened files: open, create, read, write, list. */
#include <errno.h>
#include <string.h>

#include "p9d/protocol_impl.h"

static bool wants_write(uint32_t flags)
{
	return (flags & P9_O_ACCMODE) != P9_O_RDONLY || flags & P9_O_TRUNC;
}

static int open_fid(struct p9_request *q, struct fid *fid, uint32_t flags)
{
	struct p9_attr attr;
	int err = -EBADF;

	pthread_mutex_lock(&fid->busy);
	if (!fids_may_grow(&q->session->fids))
		err = -ENFILE;
	else if (atomic_load(&fid->state) == FID_PATH)
		err = ops_of(q)->open(tree_of(q), &fid->file, flags);
	if (!err) {
		fid_charge(&q->session->fids, fid);
		fid->open_flags = flags;
		atomic_store(&fid->state, FID_OPEN);
		err = ops_of(q)->getattr(tree_of(q), &fid->file, 0, &q->r->qid, &attr);
	}
	pthread_mutex_unlock(&fid->busy);
	return err;
}

int do_lopen(struct p9_request *q)
{
	if (q->session->policy.read_only && wants_write(q->t->flags))
		return -EROFS;
	q->r->iounit = 0;
	return open_fid(q, q->fid, q->t->flags & ~(P9_O_CREAT | P9_O_EXCL));
}

/* The fid stops being the directory and becomes the new file, opened. */
int do_lcreate(struct p9_request *q)
{
	struct fid_table *table = &q->session->fids;
	struct tree_create how = {
		.flags = q->t->flags,
		.mode = q->t->mode & 07777,
		.gid = q->t->gid,
		.user = &q->fid->attach->user,
	};
	char name[P9_NAME_MAX + 1];
	struct fid *fid;
	int err = name_take(q->t->name, name);

	if (err)
		return err;
	if (atomic_load(&q->fid->state) != FID_PATH)
		return -EBADF;
	if (q->fid->file.type != TREE_DIR)
		return -ENOTDIR;
	fid = fid_new(table, q->fid->attach);
	if (!fid)
		return -ENFILE;
	err = ops_of(q)->create(tree_of(q), &q->fid->file, name, &how, &fid->file);
	if (!err) {
		fid->open_flags = how.flags;
		atomic_store(&fid->state, FID_OPEN);
		err = request_hook(q, fid, q->t->fid, q->fid);
	}
	q->r->qid = tree_qid(&fid->file);
	q->r->iounit = 0;
	fid_put(table, fid);
	return err;
}

/* Large reads need not pass through our memory: their pages go by a pipe. */
static bool read_by_pipe(struct p9_request *q, uint32_t count)
{
	ssize_t n;

	if (count < SESSION_SPLICE_MIN || q->pipe_size < SESSION_SPLICE_MIN || !ops_of(q)->splice)
		return false;
	/* A pipe may stay small (pipe(7), pipe-user-pages-soft), and some clients take
	 * a short answer for the end of the file. */
	if (q->pipe_size < count && q->pipe_size < SESSION_PIPE_FULL)
		return false;
	if (count > q->pipe_size)
		count = (uint32_t)q->pipe_size;
	n = ops_of(q)->splice(tree_of(q), &q->fid->file, q->pipe, count, q->t->offset);
	if (n < 0)
		return false; /* an ordinary read knows the right error */
	q->r->count = (uint32_t)n;
	q->r->data = NULL;
	q->piped = n > 0;
	return true;
}

int do_read(struct p9_request *q)
{
	const struct tree_file *file = &q->fid->file;
	uint32_t count = data_limit(q, q->t->count);
	uint8_t state = atomic_load(&q->fid->state);
	ssize_t n;

	if (state == FID_XATTR_READ)
		return xattr_read(q);
	if (state != FID_OPEN || (q->fid->open_flags & P9_O_ACCMODE) == P9_O_WRONLY)
		return -EBADF;
	if (file->type == TREE_DIR)
		return -EISDIR;
	if (read_by_pipe(q, count))
		return 0;
	n = ops_of(q)->read(tree_of(q), file, q->room, count, q->t->offset);
	if (n < 0)
		return (int)n;
	q->r->count = (uint32_t)n;
	q->r->data = q->room;
	return 0;
}

int do_write(struct p9_request *q)
{
	uint8_t state = atomic_load(&q->fid->state);
	ssize_t n;

	if (state == FID_XATTR_WRITE)
		return xattr_write(q);
	if (state != FID_OPEN || (q->fid->open_flags & P9_O_ACCMODE) == P9_O_RDONLY)
		return -EBADF;
	q->r->count = 0;
	if (q->t->count == 0)
		return 0;
	n = ops_of(q)->write(tree_of(q), &q->fid->file, q->t->data, q->t->count, q->t->offset);
	if (n < 0)
		return (int)n;
	q->r->count = (uint32_t)n;
	return 0;
}

int do_wseek(struct p9_request *q)
{
	if (atomic_load(&q->fid->state) != FID_OPEN || q->fid->file.type != TREE_FILE)
		return -EBADF;
	if (q->t->flags != P9_SEEK_DATA && q->t->flags != P9_SEEK_HOLE)
		return -EINVAL;
	q->r->offset = q->t->offset;
	return ops_of(q)->seek(tree_of(q), &q->fid->file, &q->r->offset,
			       q->t->flags == P9_SEEK_HOLE);
}

int do_fsync(struct p9_request *q)
{
	if (atomic_load(&q->fid->state) != FID_OPEN)
		return -EBADF;
	return ops_of(q)->sync(tree_of(q), &q->fid->file, q->t->datasync != 0);
}

/* ---- directories ---- */

struct dir_reply {
	struct tree_listing tree;
	struct p9_request *q;
	struct writer w;
	bool with_attr;
};

static bool add_entry(struct tree_listing *base, const struct tree_entry *entry)
{
	struct dir_reply *listing = (struct dir_reply *)(void *)base;
	struct p9_request *q = listing->q;
	const char *name = strcmp(entry->name, "..") == 0 ? "." : entry->name;
	struct p9_dirent out = {
		.qid = entry->qid,
		.offset = entry->cookie,
		.type = entry->type,
		.name = { entry->name, (uint16_t)strlen(entry->name) },
	};

	if (listing->with_attr &&
	    ops_of(q)->lookup(tree_of(q), &q->fid->file, name, &out.qid, &out.attr) < 0) {
		out.attr.mode = (uint32_t)entry->type << 12; /* DT_* are the S_IF* shifted */
		out.attr.nlink = 1;
	}
	return p9_dirent_put(&listing->w, &out, listing->with_attr);
}

static int list(struct p9_request *q, bool with_attr)
{
	uint32_t count = data_limit(q, q->t->count);
	struct dir_reply listing = {
		.tree = { .add = add_entry, .room = q->scratch, .room_size = q->scratch_size },
		.q = q,
		.with_attr = with_attr,
	};
	int err;

	if (atomic_load(&q->fid->state) != FID_OPEN)
		return -EBADF;
	if (q->fid->file.type != TREE_DIR)
		return -ENOTDIR;
	if (count < listing.tree.room_size && count >= 1024)
		listing.tree.room_size = count;
	writer_init(&listing.w, q->room, count);
	pthread_mutex_lock(&q->fid->busy);
	err = ops_of(q)->readdir(tree_of(q), &q->fid->file, q->t->offset, &listing.tree);
	pthread_mutex_unlock(&q->fid->busy);
	q->r->count = (uint32_t)listing.w.used;
	q->r->data = q->room;
	return err;
}

int do_readdir(struct p9_request *q)
{
	return list(q, false);
}

int do_wreaddir(struct p9_request *q)
{
	return list(q, true);
}
