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

/* The kernel then knows the file as if it had looked it up, but for the
 * directory itself and its parent. Should it not take the answer, it never
 * forgets them: they stay until the end. */
static bool add_known(struct dir_listing *l, const char *name, const struct p9_dirent *entry)
{
	struct p9fs *m = l->op->mount;
	struct fuse_direntplus d;
	size_t room = l->op->size - l->used;
	struct inode *inode = NULL;

	put_head(&d.dirent, entry, entry->attr.mode >> 12 & 15);
	if (FUSE_DIRENTPLUS_SIZE(&d) > room)
		return false;
	if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
		inode = inode_see(&m->inodes, l->op->inode, name, entry->qid.path, P9_NOFID);
	d.entry_out = entry_of(m, inode, entry->qid.path, &entry->attr);
	l->used += fuse_put_direntplus(l->buffer + l->used, room, &d, name);
	return true;
}

static void list(struct op *op, const struct p9_msg *r, add_entry *add)
{
	struct dir_listing l = { op, malloc(op->size), 0 };
	bool with_attr = r->type == P9_TWREADDIR + 1, more = l.buffer != NULL;
	char name[P9_NAME_MAX + 1];
	struct reader reader;
	struct p9_dirent entry;

	reader_init(&reader, r->data, r->count);
	while (more && p9_dirent_get(&reader, &entry, with_attr)) {
		if (entry.name.len == 0 || entry.name.len > P9_NAME_MAX)
			continue;
		memcpy(name, entry.name.at, entry.name.len);
		name[entry.name.len] = '\0';
		more = add(&l, name, &entry);
	}
	if (l.buffer)
		op_give(op, l.buffer, l.used);
	else
		op_end(op, ENOMEM);
	free(l.buffer);
}

static void readdir_replied(struct op *op, const struct p9_msg *r)
{
	list(op, r, add_plain);
}

static void readdirplus_replied(struct op *op, const struct p9_msg *r)
{
	list(op, r, add_known);
}

static void ask(struct p9fs *m, const struct fuse_request *q, uint8_t type, op_reply *next)
{
	struct p9_msg t = { .type = type,
			    .fid = handle_of(q->read->fh)->fid,
			    .offset = q->read->offset };
	struct op *op = op_new(m, q);

	if (!op)
		return;
	op->size = q->read->size;
	t.count = op_io_count(op);
	op_send(op, &t, next);
}

void on_readdir(struct p9fs *m, const struct fuse_request *q)
{
	ask(m, q, P9_TREADDIR, readdir_replied);
}

void on_readdirplus(struct p9fs *m, const struct fuse_request *q)
{
	ask(m, q, P9_TWREADDIR, readdirplus_replied);
}
