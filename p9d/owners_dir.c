/* owners_dir.c: names on a drive: with case or without, and what they stand for. */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "lib/fmt.h"
#include "lib/fold.h"
#include "lib/macros.h"
#include "p9d/owners_impl.h"

#define ROOM 8192

/* ---- case ---- */

struct search {
	struct tree_listing listing;
	const char *name;
	char *real; /* what was found */
	bool found;
};

/* False: it is found, and no more is wanted. Of several a link may be another
 * spelling of the real one, made for who minds case. */
static bool compare(struct tree_listing *listing, const struct tree_entry *entry)
{
	struct search *s = container_of(listing, struct search, listing);
	size_t len = strlen(s->name);

	if (strlen(entry->name) != len || !fold_equal(entry->name, s->name, len))
		return true;
	fmt(s->real, P9_NAME_MAX + 1, "%s", entry->name);
	s->found = true;
	return entry->type == DT_LNK;
}

static int search(struct filetree *tree, const struct tree_file *dir, const char *name,
		  char real[P9_NAME_MAX + 1])
{
	const struct tree_ops *below = owners_of(tree)->below;
	_Alignas(8) char room[ROOM];
	struct search s = { .listing = { compare, room, sizeof(room) },
			    .name = name,
			    .real = real };
	struct tree_file list;
	int err = below->clone(tree, dir, &list);

	if (err)
		return err;
	err = below->open(tree, &list, P9_O_RDONLY | P9_O_DIRECTORY);
	if (!err)
		err = below->readdir(tree, &list, 0, &s.listing);
	below->close(tree, &list);
	if (s.found)
		return 0;
	return err ? err : -ENOENT;
}

int owners_spelling(struct filetree *tree, const struct tree_file *dir, const char *name,
		    char real[P9_NAME_MAX + 1])
{
	const struct owners *o = owners_of(tree);
	struct p9_attr attr;
	struct p9_qid qid;
	int err = o->below->lookup(tree, dir, name, &qid, &attr);

	if (!err)
		fmt(real, P9_NAME_MAX + 1, "%s", name);
	return err == -ENOENT && o->options.folds ? search(tree, dir, name, real) : err;
}

int owners_is_new(struct filetree *tree, const struct tree_file *dir, const char *name)
{
	char real[P9_NAME_MAX + 1];
	int err;

	if (!owners_of(tree)->options.folds)
		return 0;
	err = owners_spelling(tree, dir, name, real);
	return err == -ENOENT ? 0 : err ? err : -EEXIST;
}

/* After `err`, what name to try instead. Negative: none. */
static int other_spelling(struct filetree *tree, int err, const struct tree_file *dir,
			  const char *name, char real[P9_NAME_MAX + 1])
{
	if (err != -ENOENT || !owners_of(tree)->options.folds)
		return err ? err : -EALREADY;
	return search(tree, dir, name, real);
}

/* ---- look-ups ---- */

/* A device is a file on the host, and not to be opened as one. */
static int mark_device(struct filetree *tree, struct tree_file *file)
{
	struct owners_meta meta;

	if (file->type != TREE_FILE)
		return 0;
	owners_meta_get(tree, file, &meta);
	if (meta.have & OWNERS_DEVICE)
		file->type = TREE_OTHER;
	return 0;
}

int owners_walk(struct filetree *tree, const struct tree_file *dir, const char *name,
		struct tree_file *out)
{
	const struct tree_ops *below = owners_of(tree)->below;
	char real[P9_NAME_MAX + 1];
	int err = below->walk(tree, dir, name, out);

	if (other_spelling(tree, err, dir, name, real) == 0) {
		err = below->walk(tree, dir, real, out);
		out->kept = false; /* what happens is told of the other spelling */
	}
	return err ? err : mark_device(tree, out);
}

static int look_closely(struct filetree *tree, const struct tree_file *dir, const char *name,
			struct p9_qid *qid, struct p9_attr *attr)
{
	const struct tree_ops *below = owners_of(tree)->below;
	struct tree_file file;
	int err = strcmp(name, ".") == 0 ? below->clone(tree, dir, &file)
					 : owners_walk(tree, dir, name, &file);

	if (err)
		return err;
	err = owners_getattr(tree, &file, 0, qid, attr);
	below->close(tree, &file);
	return err;
}

int owners_lookup(struct filetree *tree, const struct tree_file *dir, const char *name,
		  struct p9_qid *qid, struct p9_attr *attr)
{
	static const struct owners_meta none = { .have = 0 };
	const struct owners *o = owners_of(tree);
	char real[P9_NAME_MAX + 1];
	int err;

	if (o->options.metadata)
		return look_closely(tree, dir, name, qid, attr);
	err = o->below->lookup(tree, dir, name, qid, attr);
	if (other_spelling(tree, err, dir, name, real) == 0) {
		err = o->below->lookup(tree, dir, real, qid, attr);
		qid->type &= (uint8_t)~P9_QTKEPT;
	}
	if (!err)
		owners_show(o, &none, attr);
	return err;
}

/* ---- listings ---- */

struct relisting {
	struct tree_listing listing;
	struct tree_listing *to;
};

/* What is a file may be a device: who wants to know must ask. */
static bool pass_on(struct tree_listing *listing, const struct tree_entry *entry)
{
	struct relisting *l = container_of(listing, struct relisting, listing);
	struct tree_entry shown = *entry;

	if (shown.type == DT_REG)
		shown.type = DT_UNKNOWN;
	return l->to->add(l->to, &shown);
}

int owners_readdir(struct filetree *tree, struct tree_file *dir, uint64_t offset,
		   struct tree_listing *listing)
{
	const struct owners *o = owners_of(tree);
	struct relisting l = { .listing = { pass_on, listing->room, listing->room_size },
			       .to = listing };

	return o->below->readdir(tree, dir, offset, o->options.metadata ? &l.listing : listing);
}

/* ---- changes ---- */

int owners_unlink(struct filetree *tree, const struct tree_file *dir, const char *name, bool is_dir)
{
	const struct tree_ops *below = owners_of(tree)->below;
	char real[P9_NAME_MAX + 1];
	int err = below->unlink(tree, dir, name, is_dir);

	if (other_spelling(tree, err, dir, name, real) == 0)
		err = below->unlink(tree, dir, real, is_dir);
	return err;
}

int owners_link(struct filetree *tree, const struct tree_file *file, const struct tree_file *dir,
		const char *name)
{
	int err = owners_is_new(tree, dir, name);

	return err ? err : owners_of(tree)->below->link(tree, file, dir, name);
}

/* Only its case is to be another. */
static bool is_respelling(const struct tree_rename *how, const char *from, const char *to)
{
	return how->from->dev == how->to->dev && how->from->ino == how->to->ino &&
	       strcmp(from, to) == 0;
}

int owners_rename(struct filetree *tree, const struct tree_rename *how)
{
	const struct owners *o = owners_of(tree);
	char from[P9_NAME_MAX + 1], to[P9_NAME_MAX + 1];
	struct tree_rename real = *how;
	int err;

	if (!o->options.folds)
		return o->below->rename(tree, how);
	err = owners_spelling(tree, how->from, how->name, from);
	if (err)
		return err;
	real.name = from;
	err = owners_spelling(tree, how->to, how->new_name, to);
	if (err && err != -ENOENT)
		return err;
	if (!err && !is_respelling(how, from, to))
		real.new_name = to; /* it is replaced */
	return o->below->rename(tree, &real);
}
