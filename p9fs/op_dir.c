/* op_dir.c: directories. Entries that do not fit into an answer are asked for
 * again, from the last one's offset. */
#include "p9fs/ops.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/lib.h"

struct dir_listing {
	struct op *op;
	uint8_t *buffer;
	size_t used;
};

/* Adds one entry; false: it does not fit. */
typedef bool get_entry(struct reader *r, struct p9_dirent *entry);
typedef bool add_entry(struct dir_listing *l, const char *name, const struct p9_dirent *entry);

static void put_head(struct fuse_dirent *d, const struct p9_dirent *entry, uint32_t type)
{
	*d = (struct fuse_dirent){ .ino = entry->qid.path,
				   .off = entry->offset,
				   .namelen = entry->name.len,
				   .type = type };
}

static bool add_plain(struct dir_listing *l, const char *name, const struct p9_dirent *entry)
{
	struct fuse_dirent d;
	size_t used;

	put_head(&d, entry, entry->type);
	used = fuse_put_dirent(l->buffer + l->used, l->op->size - l->used, &d, name);
	l->used += used;
	return used > 0;
}

/* With `known` the kernel knows the file as if it had looked it up, but for the
 * directory itself and its parent. Should
 * it not take the answer, it never forgets them: they stay until the end. */
static bool add_inode(struct dir_listing *l, const char *name, const struct p9_dirent *entry,
		      bool known)
{
	struct p9fs *m = l->op->mount;
	struct fuse_direntplus d;
	size_t room = l->op->size - l->used;
	struct inode *inode = inode_find(&m->inodes, entry->qid.path);

	/* One that is to be kept again is looked up for it. */
	known = known && !(inode && inode->version && entry->qid.type & P9_QTKEPT);
	inode = NULL;
	put_head(&d.dirent, entry, entry->attr.mode >> 12 & 15);
	if (FUSE_DIRENTPLUS_SIZE(&d) > room)
		return false;
	if (known && strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
		inode = inode_see(&m->inodes, l->op->inode, name, entry->qid.path, P9_NOFID);
	d.entry_out = entry_of(l->op, inode, entry->qid, &entry->attr);
	l->used += fuse_put_direntplus(l->buffer + l->used, room, &d, name);
	return true;
}

static bool add_known(struct dir_listing *l, const char *name, const struct p9_dirent *entry)
{
	return add_inode(l, name, entry, true);
}

/* Of the others a listing may have become wrong: the kernel is to look them up. */
static bool add_listed(struct dir_listing *l, const char *name, const struct p9_dirent *entry)
{
	return add_inode(l, name, entry, listing_is_sure(l->op->mount, l->op->inode, entry->qid));
}

static bool get_plain(struct reader *r, struct p9_dirent *entry)
{
	return p9_dirent_get(r, entry, false);
}

static bool get_known(struct reader *r, struct p9_dirent *entry)
{
	return p9_dirent_get(r, entry, true);
}

static bool get_listed(struct reader *r, struct p9_dirent *entry)
{
	struct p9_listed listed;
	bool more = p9_listed_get(r, &listed);

	*entry = listed.entry;
	return more;
}

static void list(struct op *op, struct reader *reader, get_entry *get, add_entry *add)
{
	struct dir_listing l = { op, malloc(op->size), 0 };
	bool more = l.buffer != NULL;
	char name[P9_NAME_MAX + 1];
	struct p9_dirent entry;

	while (more && get(reader, &entry)) {
		if (entry.name.len == 0 || entry.name.len > P9_NAME_MAX)
			continue;
		memcpy(name, entry.name.at, entry.name.len);
		name[entry.name.len] = '\0';
		more = add(&l, name, &entry);
	}
	if (l.buffer)
		op_answer(op, l.buffer, l.used);
	promise_renew(op->mount, op->inode, op->asked);
	if (l.buffer)
		op_free(op);
	else
		op_end(op, ENOMEM);
	free(l.buffer);
}

static void readdir_replied(struct op *op, const struct p9_msg *r)
{
	struct reader reader;

	reader_init(&reader, r->data, r->count);
	list(op, &reader, get_plain, add_plain);
}

static void readdirplus_replied(struct op *op, const struct p9_msg *r)
{
	struct reader reader;

	reader_init(&reader, r->data, r->count);
	list(op, &reader, get_known, add_known);
}

static void ask(struct op *op, uint8_t type, op_reply *next)
{
	struct p9_msg t = {
		.type = type, .fid = op->handle->fid, .offset = op->off, .count = op_io_count(op)
	};

	op_send(op, &t, next);
}

static void readdir_send(struct op *op)
{
	ask(op, P9_TREADDIR, readdir_replied);
}

static void readdirplus_send(struct op *op)
{
	ask(op, P9_TWREADDIR, readdirplus_replied);
}

static void list_from(struct p9fs *m, const struct fuse_request *q, op_step *step)
{
	struct op *op = op_new(m, q);

	if (!op)
		return;
	op->size = q->read->size;
	op->off = q->read->offset;
	op->fh = q->read->fh;
	op_listed_names(op, op->off, step);
}

/* Out of the directory's listing; false: ask. */
static bool list_listed(struct op *op, add_entry *add)
{
	size_t len;
	const uint8_t *entries = listing_from(op->inode, op->off, &len);
	struct reader reader;

	if (!entries)
		return false;
	op->asked = op->mount->promises.heard;
	reader_init(&reader, entries, len);
	list(op, &reader, get_listed, add);
	return true;
}

static void readdir_listed(struct op *op)
{
	if (!list_listed(op, add_plain))
		op_open(op, op->fh, P9_O_RDONLY | P9_O_DIRECTORY, readdir_send);
}

static void readdirplus_listed(struct op *op)
{
	if (!list_listed(op, add_listed))
		op_open(op, op->fh, P9_O_RDONLY | P9_O_DIRECTORY, readdirplus_send);
}

void on_readdir(struct p9fs *m, const struct fuse_request *q)
{
	list_from(m, q, readdir_listed);
}

void on_readdirplus(struct p9fs *m, const struct fuse_request *q)
{
	list_from(m, q, readdirplus_listed);
}
