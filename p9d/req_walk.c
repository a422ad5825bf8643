/* req_walk.c: requests that make and end fids: Twalk, Tclunk, Tremove. */
#include <errno.h>
#include <string.h>

#include "p9d/protocol_impl.h"

/* A fid for `file`, which goes over to it, or is closed on an error. */
static int hook_file(struct p9_request *q, struct tree_file *file)
{
	struct fid_table *table = &q->session->fids;
	struct fid *replaces = q->t->newfid == q->t->fid ? q->fid : NULL;
	struct fid *fid = fid_new(table, q->fid->attach);
	int err;

	if (!fid) {
		ops_of(q)->close(tree_of(q), file);
		return -ENFILE;
	}
	fid->file = *file;
	err = request_hook(q, fid, q->t->newfid, replaces);
	fid_put(table, fid);
	return err;
}

int step_to(struct p9_request *q, struct tree_file *at, struct p9_str name)
{
	struct tree_file next;
	char text[P9_NAME_MAX + 1];
	int err = at->type == TREE_DIR ? name_take(name, text) : -ENOTDIR;

	if (!err)
		err = ops_of(q)->walk(tree_of(q), at, text, &next);
	if (err)
		return err;
	ops_of(q)->close(tree_of(q), at);
	*at = next;
	return 0;
}

static int step(struct p9_request *q, const struct tree_file *from, struct p9_str name,
		struct tree_file *to)
{
	char text[P9_NAME_MAX + 1];
	int err;

	if (from->type != TREE_DIR)
		return -ENOTDIR;
	if (name.len == 1 && name.at[0] == '.') /* diodls does that */
		return ops_of(q)->clone(tree_of(q), from, to);
	if (name.len == 2 && memcmp(name.at, "..", 2) == 0)
		return ops_of(q)->walk_up(tree_of(q), from, &q->fid->attach->top, to);
	err = name_take(name, text);
	return err ? err : ops_of(q)->walk(tree_of(q), from, text, to);
}

/* Walks as far as it goes; *at is the last file reached. */
static int walk_names(struct p9_request *q, struct tree_file *at)
{
	struct p9_msg *r = q->r;
	const struct tree_file *from = &q->fid->file;

	*at = TREE_FILE_NONE;
	for (r->qid_count = 0; r->qid_count < q->t->name_count; r->qid_count++) {
		struct tree_file next;
		int err = step(q, from, q->t->names[r->qid_count], &next);

		if (err)
			return err;
		ops_of(q)->close(tree_of(q), at);
		*at = next;
		from = at;
		r->qids[r->qid_count] = tree_qid(at);
	}
	return 0;
}

static int clone_fid(struct p9_request *q)
{
	struct tree_file file;
	int err;

	q->r->qid_count = 0;
	if (q->t->newfid == q->t->fid)
		return 0;
	err = ops_of(q)->clone(tree_of(q), &q->fid->file, &file);
	return err ? err : hook_file(q, &file);
}

/* Only a whole walk makes newfid; a walk that ends early says how far it came,
 * and is an error only where not even the first step worked. */
int do_walk(struct p9_request *q)
{
	uint8_t state = atomic_load(&q->fid->state);
	struct tree_file at;
	int err;

	if (state == FID_XATTR_WRITE)
		return -EBADF;
	if (q->t->name_count == 0)
		return clone_fid(q);
	if (q->t->newfid == q->t->fid && state != FID_PATH)
		return -EBADF;
	err = walk_names(q, &at);
	if (!err)
		return hook_file(q, &at);
	ops_of(q)->close(tree_of(q), &at);
	return q->r->qid_count == 0 ? err : 0;
}

/* The fid is gone whatever happens; what went wrong is told all the same. */
int do_clunk(struct p9_request *q)
{
	struct fid_table *table = &q->session->fids;
	struct fid *fid = q->fid;
	int err = 0, close_err;

	if (!fid_unhook(table, fid))
		return -EBADF;
	if (atomic_load(&fid->state) == FID_XATTR_WRITE)
		err = xattr_commit(q);
	if (atomic_load(&fid->state) == FID_OPEN)
		locks_forget(q->session, fid);
	q->fid = NULL;
	close_err = fid_put(table, fid);
	return err ? err : close_err;
}

static int remove_file(struct p9_request *q)
{
	const struct tree_file *top = &q->fid->attach->top;
	char name[P9_NAME_MAX + 1];
	struct tree_file dir;
	int err;

	if (q->session->policy.read_only)
		return -EROFS;
	err = ops_of(q)->locate(tree_of(q), &q->fid->file, top, &dir, name);
	if (err)
		return err;
	err = ops_of(q)->unlink(tree_of(q), &dir, name, q->fid->file.type == TREE_DIR);
	ops_of(q)->close(tree_of(q), &dir);
	return err;
}

int do_remove(struct p9_request *q)
{
	int err = remove_file(q);
	int clunk_err = do_clunk(q);

	return err ? err : clunk_err;
}
