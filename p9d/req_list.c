/* req_list.c: Twlist: a whole directory in one answer, or in few: names, attributes,
 * and the bytes of files that are small and kept. */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "p9d/protocol_impl.h"

struct dir_list {
	struct tree_listing tree;
	struct p9_request *q;
	struct tree_file dir; /* opened for this alone */
	struct writer w;
	bool full;
};

/* --- a file's bytes ---------------------------------------------------------------- */

static bool same(const struct p9_qid *a, const struct p9_qid *b)
{
	return a->path == b->path && a->version == b->version;
}

/* What is there before and after its bytes were read is what was read; a change that
 * shows in neither is told. */
static void read_whole(struct dir_list *l, struct tree_file *file, struct p9_listed *out,
		       uint8_t *to)
{
	struct p9_request *q = l->q;
	struct p9_qid before = out->entry.qid;
	uint64_t size = out->entry.attr.size;
	ssize_t n;

	if (ops_of(q)->open(tree_of(q), file, P9_O_RDONLY | P9_O_NOATIME) < 0)
		return;
	n = ops_of(q)->read(tree_of(q), file, to, (size_t)size, 0);
	if (ops_of(q)->getattr(tree_of(q), file, 0, &out->entry.qid, &out->entry.attr) < 0 ||
	    !same(&before, &out->entry.qid) || out->entry.attr.size != size || n != (ssize_t)size)
		return;
	out->count = (uint32_t)n;
	out->bytes = to;
}

static bool is_wanted(const struct dir_list *l, const struct p9_listed *out)
{
	return S_ISREG(out->entry.attr.mode) && out->entry.qid.type & P9_QTKEPT &&
	       out->entry.attr.size <= l->q->t->length && out->entry.attr.size < P9_MSIZE_MAX;
}

/* False: they find no room, but would in the next answer. */
static bool add_bytes(struct dir_list *l, const char *name, struct p9_listed *out)
{
	struct tree_file file;
	size_t room;
	uint8_t *to = p9_listed_place(&l->w, out->entry.name.len, &room);

	if (!is_wanted(l, out))
		return true;
	if (out->entry.attr.size == 0) {
		out->count = 0;
		return true;
	}
	if (out->entry.attr.size > room)
		return l->w.used == 0;
	if (ops_of(l->q)->walk(tree_of(l->q), &l->dir, name, &file) < 0)
		return true;
	if (file.type == TREE_FILE)
		read_whole(l, &file, out, to);
	ops_of(l->q)->close(tree_of(l->q), &file);
	return true;
}

/* --- the directory ------------------------------------------------------------------- */

static bool add_listed(struct tree_listing *base, const struct tree_entry *entry)
{
	struct dir_list *l = (struct dir_list *)(void *)base;
	struct p9_request *q = l->q;
	struct p9_listed out = {
		.entry = { .qid = entry->qid,
			   .offset = entry->cookie,
			   .type = entry->type,
			   .name = { entry->name, (uint16_t)strlen(entry->name) } },
		.count = P9_NO_BYTES,
	};
	bool dots = strcmp(entry->name, ".") == 0 || strcmp(entry->name, "..") == 0;

	if (dots || ops_of(q)->lookup(tree_of(q), &l->dir, entry->name, &out.entry.qid,
				      &out.entry.attr) < 0) {
		out.entry.attr.mode = (uint32_t)entry->type << 12; /* DT_*: S_IF* shifted */
		out.entry.attr.nlink = 1;
	}
	l->full = !add_bytes(l, entry->name, &out) || !p9_listed_put(&l->w, &out);
	return !l->full;
}

static int open_dir(struct dir_list *l)
{
	const struct p9_msg *t = l->q->t;
	int err = 0;

	for (unsigned i = 0; !err && i < t->name_count; i++)
		err = step_to(l->q, &l->dir, t->names[i]);
	if (!err && l->dir.type != TREE_DIR)
		err = -ENOTDIR;
	return err ? err : ops_of(l->q)->open(tree_of(l->q), &l->dir, P9_O_RDONLY | P9_O_DIRECTORY);
}

static int read_dir(struct dir_list *l)
{
	struct p9_request *q = l->q;
	uint32_t count = data_limit(q, q->t->count);
	uint32_t most = q->session->msize - P9_DATA_HEADER - P9_LIST_TAIL;
	int err;

	writer_init(&l->w, q->room, count < most ? count : most);
	err = ops_of(q)->readdir(tree_of(q), &l->dir, q->t->offset, &l->tree);
	q->r->count = (uint32_t)l->w.used;
	q->r->data = q->room;
	q->r->flags = l->full ? 0 : P9_LIST_END;
	q->r->qid = tree_qid(&l->dir);
	if (tree_of(q)->folds) /* what is not in it may be there by another spelling */
		q->r->qid.type &= (uint8_t)~P9_QTKEPT;
	return err;
}

int do_wlist(struct p9_request *q)
{
	struct dir_list l = {
		.tree = { .add = add_listed, .room = q->scratch, .room_size = q->scratch_size },
		.q = q,
	};
	int err = ops_of(q)->clone(tree_of(q), &q->fid->file, &l.dir);

	if (err)
		return err;
	err = open_dir(&l);
	if (!err)
		err = read_dir(&l);
	ops_of(q)->close(tree_of(q), &l.dir);
	return err;
}
