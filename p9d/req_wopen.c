/* req_wopen.c: Twopen, the .W dialect's walk, create, open and getattr in one.
 * Missing and unsuitable components are answers, not errors: the reply says
 * how far the names led, and describes the last file reached. */
#include <errno.h>
#include <string.h>

#include "p9d/protocol_impl.h"

#define WOPEN_SIZE 161 /* an Rwopen without the target */

struct wopen {
	struct p9_request *q;
	struct tree_file at; /* reached so far; owned */
	struct p9_str last;  /* the last name */
	bool opened;
};

static int step_on(struct wopen *w, struct p9_str name)
{
	int err = step_to(w->q, &w->at, name);

	w->q->r->walked += err == 0;
	return err;
}

/* 1: there is an answer already, in r->status. */
static int stopped(struct wopen *w, int err, enum p9_wopen_status missing)
{
	if (err == -ENOTDIR)
		w->q->r->status = P9_WOPEN_STOPPED;
	else if (err == -ENOENT)
		w->q->r->status = (uint8_t)missing;
	else
		return err;
	return 1;
}

static int walk_parents(struct wopen *w)
{
	const struct p9_msg *t = w->q->t;

	for (unsigned i = 0; i + 1 < t->name_count; i++) {
		int err = step_on(w, t->names[i]);

		if (err)
			return stopped(w, err, P9_WOPEN_NO_PARENT);
	}
	return 0;
}

/* Exclusively, so that it is known who made the file. */
static int make_last(struct wopen *w)
{
	struct p9_request *q = w->q;
	uint32_t mask = q->t->wflags & P9_WOPEN_MODE ? 0 : q->session->policy.umask;
	struct tree_create how = {
		.flags = q->t->flags | P9_O_EXCL,
		.mode = q->t->mode & 07777 & ~mask,
		.gid = q->t->gid,
		.user = &q->fid->attach->user,
	};
	struct tree_file made;
	char name[P9_NAME_MAX + 1];
	int err = w->at.type == TREE_DIR ? name_take(w->last, name) : -ENOTDIR;

	if (err)
		return err;
	if (q->session->policy.read_only)
		return -EROFS;
	if (q->t->flags & P9_O_DIRECTORY) {
		err = ops_of(q)->mkdir(tree_of(q), &w->at, name, &how);
		return err ? err : step_on(w, w->last);
	}
	if ((how.flags & P9_O_ACCMODE) == P9_WOPEN_ATTR_ONLY)
		how.flags &= ~P9_O_ACCMODE;
	err = ops_of(q)->create(tree_of(q), &w->at, name, &how, &made);
	if (err)
		return err;
	ops_of(q)->close(tree_of(q), &w->at);
	w->at = made;
	w->opened = true;
	q->r->walked++;
	return 0;
}

static int reach_last(struct wopen *w)
{
	const struct p9_msg *t = w->q->t;
	bool creates = t->flags & P9_O_CREAT;
	int err = -EEXIST;

	for (int i = 0; i < 3 && err == -EEXIST; i++) {
		if (!creates || !(t->flags & P9_O_EXCL)) {
			err = step_on(w, w->last);
			if (err != -ENOENT || !creates)
				break;
		}
		err = make_last(w);
		if (!err)
			w->q->r->status = P9_WOPEN_CREATED;
		if (t->flags & P9_O_EXCL)
			return err;
	}
	if (err == -ENOENT || err == -ENOTDIR)
		return stopped(w, err, P9_WOPEN_NO_LEAF);
	return err;
}

static int check_type(const struct wopen *w)
{
	const struct p9_msg *t = w->q->t;

	if (t->wflags & P9_WOPEN_NOT_DIR && w->at.type == TREE_DIR)
		return -EISDIR;
	if (t->flags & P9_O_DIRECTORY && w->at.type != TREE_DIR && w->at.type != TREE_LINK)
		return -ENOTDIR;
	return 0;
}

static int open_reached(struct wopen *w)
{
	struct p9_request *q = w->q;
	uint32_t flags = q->t->flags & ~(P9_O_CREAT | P9_O_EXCL);
	bool attr_only = (flags & P9_O_ACCMODE) == P9_WOPEN_ATTR_ONLY;

	if (w->opened || w->at.type == TREE_LINK || (attr_only && !(flags & P9_O_TRUNC)))
		return 0;
	if (attr_only)
		flags = (flags & ~P9_O_ACCMODE) | P9_O_WRONLY; /* to truncate is to write */
	if (w->at.type == TREE_DIR)
		flags &= ~(P9_O_ACCMODE | P9_O_TRUNC);
	if (q->session->policy.read_only && (flags & P9_O_ACCMODE || flags & P9_O_TRUNC))
		return -EROFS;
	w->opened = true;
	return ops_of(q)->open(tree_of(q), &w->at, flags);
}

static int finish(struct wopen *w)
{
	struct p9_request *q = w->q;
	int err = check_type(w);

	if (!err && q->t->wflags & P9_WOPEN_DELETE)
		err = ops_of(q)->access(tree_of(q), &w->at, &q->fid->attach->top, P9_ACCESS_DELETE);
	if (err)
		return err;
	if (w->at.type == TREE_LINK && !(q->t->wflags & P9_WOPEN_LINK)) {
		q->r->status = P9_WOPEN_STOPPED;
		return 1;
	}
	return open_reached(w);
}

static int find_or_make(struct wopen *w)
{
	const struct p9_msg *t = w->q->t;
	int err = 0;

	w->q->r->status = P9_WOPEN_OPENED;
	if (t->name_count) {
		w->last = t->names[t->name_count - 1];
		err = walk_parents(w);
		if (!err)
			err = reach_last(w);
	}
	return err ? err : finish(w);
}

static int describe(struct wopen *w)
{
	struct p9_request *q = w->q;
	int err = 0;

	q->r->target = (struct p9_str){ "", 0 };
	if (w->at.type == TREE_LINK && !(q->t->wflags & P9_WOPEN_NO_TARGET))
		err = link_target(q, &w->at, WOPEN_SIZE, &q->r->target);
	if (err)
		return err;
	q->r->iounit = 0;
	err = ops_of(q)->getattr(tree_of(q), &w->at, q->t->mask, &q->r->qid, &q->r->attr);
	if (q->r->status == P9_WOPEN_NO_LEAF && tree_of(q)->folds)
		q->r->qid.type &= (uint8_t)~P9_QTKEPT;
	return err;
}

static int hook(struct wopen *w)
{
	struct p9_request *q = w->q;
	struct fid_table *table = &q->session->fids;
	struct fid *fid = fid_new(table, q->fid->attach);
	int err;

	if (!fid)
		return -ENFILE;
	fid->file = w->at;
	w->at = TREE_FILE_NONE;
	fid->open_flags = q->t->flags;
	if (fid->file.type == TREE_DIR || (q->t->flags & P9_O_ACCMODE) == P9_WOPEN_ATTR_ONLY)
		fid->open_flags &= ~P9_O_ACCMODE;
	atomic_store(&fid->state, w->opened ? FID_OPEN : FID_PATH);
	err = request_hook(q, fid, q->t->newfid, NULL);
	fid_put(table, fid);
	return err;
}

int do_wopen(struct p9_request *q)
{
	struct wopen w = { .q = q };
	int err = ops_of(q)->clone(tree_of(q), &q->fid->file, &w.at);
	bool found;

	if (err)
		return err;
	q->r->walked = 0;
	err = find_or_make(&w);
	found = err == 0;
	if (err >= 0)
		err = describe(&w);
	if (!err && found)
		err = hook(&w);
	ops_of(q)->close(tree_of(q), &w.at);
	return err;
}
