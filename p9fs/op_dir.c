/* op_dir.c: directories. Entries that do not fit into an answer are asked for
 * again, from the last one's offset. */
#include "p9fs/ops.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/lib.h"

struct dir_listing {
	struct op *op;
	char *buffer;
	size_t used;
};

/* Adds one entry; false: it does not fit. */
typedef bool add_entry(struct dir_listing *l, const char *name, const struct p9_dirent *entry);

static bool add_plain(struct dir_listing *l, const char *name, const struct p9_dirent *entry)
{
	const struct stat st = { .st_ino = entry->qid.path, .st_mode = (mode_t)entry->type << 12 };
	size_t room = l->op->size - l->used;
	size_t need = fuse_add_direntry(l->op->req, l->buffer + l->used, room, name, &st,
					(off_t)entry->offset);

	l->used += need <= room ? need : 0;
	return need <= room;
}

/* The kernel then knows the file as if it had looked it up, but for the
 * directory itself and its parent. Should it not take the answer, it never
 * forgets them: they stay until the end. */
static bool add_known(struct dir_listing *l, const char *name, const struct p9_dirent *entry)
{
	struct p9fs *m = l->op->mount;
	struct fuse_entry_param e;
	size_t room = l->op->size - l->used;
	size_t need = fuse_add_direntry_plus(l->op->req, NULL, 0, name, NULL, 0);
	struct inode *inode = NULL;

	if (need > room)
		return false;
	if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
		inode = inode_see(&m->inodes, l->op->inode, name, entry->qid.path, P9_NOFID);
	e = entry_of(m, inode, entry->qid.path, &entry->attr);
	fuse_add_direntry_plus(l->op->req, l->buffer + l->used, room, name, &e,
			       (off_t)entry->offset);
	l->used += need;
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
		fuse_reply_buf(op->req, l.buffer, l.used);
	else
		fuse_reply_err(op->req, ENOMEM);
	free(l.buffer);
	op_free(op);
}

static void readdir_replied(struct op *op, const struct p9_msg *r)
{
	list(op, r, add_plain);
}

static void readdirplus_replied(struct op *op, const struct p9_msg *r)
{
	list(op, r, add_known);
}

static void ask(struct op *op, uint8_t type, off_t off, op_reply *next)
{
	struct p9_msg t = { .type = type,
			    .fid = handle_of(&op->fi)->fid,
			    .offset = (uint64_t)off,
			    .count = op_io_count(op) };

	op_send(op, &t, next);
}

static struct op *list_new(fuse_req_t req, fuse_ino_t ino, size_t size,
			   const struct fuse_file_info *fi)
{
	struct op *op = op_new(req, ino);

	if (!op)
		return NULL;
	op->size = size;
	op->fi = *fi;
	return op;
}

void on_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	struct op *op = list_new(req, ino, size, fi);

	if (op)
		ask(op, P9_TREADDIR, off, readdir_replied);
}

void on_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		    struct fuse_file_info *fi)
{
	struct op *op = list_new(req, ino, size, fi);

	if (op)
		ask(op, P9_TWREADDIR, off, readdirplus_replied);
}
