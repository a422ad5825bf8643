/* fuse_wire.c: the messages of /dev/fuse, taken apart and put together. */
#include "p9fs/fuse_wire.h"

#include <errno.h>
#include <string.h>

#include "lib/lib.h"

enum {
	INIT_LEAST = offsetof(struct fuse_init_in, flags2),
	DIRENT_SIZE = FUSE_NAME_OFFSET,
	DIRENTPLUS_SIZE = FUSE_NAME_OFFSET_DIRENTPLUS,
};

/* What follows the header: a struct, then names, then what the struct counts. */
static const struct shape {
	bool known;
	uint8_t arg, names;
} shapes[FUSE_OPCODES] = {
	[FUSE_LOOKUP] = { true, 0, 1 },
	[FUSE_FORGET] = { true, sizeof(struct fuse_forget_in), 0 },
	[FUSE_GETATTR] = { true, sizeof(struct fuse_getattr_in), 0 },
	[FUSE_SETATTR] = { true, sizeof(struct fuse_setattr_in), 0 },
	[FUSE_READLINK] = { true, 0, 0 },
	[FUSE_SYMLINK] = { true, 0, 2 },
	[FUSE_MKNOD] = { true, sizeof(struct fuse_mknod_in), 1 },
	[FUSE_MKDIR] = { true, sizeof(struct fuse_mkdir_in), 1 },
	[FUSE_UNLINK] = { true, 0, 1 },
	[FUSE_RMDIR] = { true, 0, 1 },
	[FUSE_RENAME] = { true, sizeof(struct fuse_rename_in), 2 },
	[FUSE_LINK] = { true, sizeof(struct fuse_link_in), 1 },
	[FUSE_OPEN] = { true, sizeof(struct fuse_open_in), 0 },
	[FUSE_READ] = { true, sizeof(struct fuse_read_in), 0 },
	[FUSE_WRITE] = { true, sizeof(struct fuse_write_in), 0 },
	[FUSE_STATFS] = { true, 0, 0 },
	[FUSE_RELEASE] = { true, sizeof(struct fuse_release_in), 0 },
	[FUSE_FSYNC] = { true, sizeof(struct fuse_fsync_in), 0 },
	[FUSE_SETXATTR] = { true, FUSE_COMPAT_SETXATTR_IN_SIZE, 1 }, /* no SETXATTR_EXT */
	[FUSE_GETXATTR] = { true, sizeof(struct fuse_getxattr_in), 1 },
	[FUSE_LISTXATTR] = { true, sizeof(struct fuse_getxattr_in), 0 },
	[FUSE_REMOVEXATTR] = { true, 0, 1 },
	[FUSE_FLUSH] = { true, sizeof(struct fuse_flush_in), 0 },
	[FUSE_INIT] = { true, INIT_LEAST, 0 },
	[FUSE_OPENDIR] = { true, sizeof(struct fuse_open_in), 0 },
	[FUSE_READDIR] = { true, sizeof(struct fuse_read_in), 0 },
	[FUSE_RELEASEDIR] = { true, sizeof(struct fuse_release_in), 0 },
	[FUSE_FSYNCDIR] = { true, sizeof(struct fuse_fsync_in), 0 },
	[FUSE_GETLK] = { true, sizeof(struct fuse_lk_in), 0 },
	[FUSE_SETLK] = { true, sizeof(struct fuse_lk_in), 0 },
	[FUSE_SETLKW] = { true, sizeof(struct fuse_lk_in), 0 },
	[FUSE_ACCESS] = { true, sizeof(struct fuse_access_in), 0 },
	[FUSE_CREATE] = { true, sizeof(struct fuse_create_in), 1 },
	[FUSE_INTERRUPT] = { true, sizeof(struct fuse_interrupt_in), 0 },
	[FUSE_DESTROY] = { true, 0, 0 },
	[FUSE_BATCH_FORGET] = { true, sizeof(struct fuse_batch_forget_in), 0 },
	[FUSE_READDIRPLUS] = { true, sizeof(struct fuse_read_in), 0 },
	[FUSE_RENAME2] = { true, sizeof(struct fuse_rename2_in), 2 },
	[FUSE_LSEEK] = { true, sizeof(struct fuse_lseek_in), 0 },
};

static const char *read_name(struct reader *r)
{
	const uint8_t *end = r->left ? memchr(r->at, '\0', r->left) : NULL;

	if (!end || end == r->at) {
		r->bad = true;
		return NULL;
	}
	return read_bytes(r, (size_t)(end - r->at) + 1);
}

/* How much is to follow the names. A kernel from the future has a longer INIT. */
static uint64_t data_size(const struct fuse_request *q, size_t left)
{
	switch (q->opcode) {
	case FUSE_INIT:
		return left;
	case FUSE_WRITE:
		return q->write->size;
	case FUSE_SETXATTR:
		return q->setxattr->size;
	case FUSE_BATCH_FORGET:
		return (uint64_t)q->forgets->count * sizeof(struct fuse_forget_one);
	default:
		return 0;
	}
}

static int body_decode(struct fuse_request *q, struct reader *r, const struct shape *shape)
{
	if (shape->arg)
		q->arg = read_bytes(r, shape->arg);
	if (shape->names > 0)
		q->name = read_name(r);
	if (shape->names > 1)
		q->second = read_name(r);
	if (r->bad || data_size(q, r->left) != r->left)
		return -EBADMSG;
	q->data = r->at;
	q->size = r->left;
	return 0;
}

int fuse_decode(struct fuse_request *q, const void *bytes, size_t len)
{
	const struct fuse_in_header *head = bytes;
	struct reader r;

	*q = (struct fuse_request){ 0 };
	if (len < sizeof(*head) || head->len != len)
		return -EPROTO;
	q->opcode = head->opcode;
	q->pid = head->pid;
	q->unique = head->unique;
	q->node = head->nodeid;
	if (q->opcode >= FUSE_OPCODES || !shapes[q->opcode].known)
		return -ENOSYS;
	reader_init(&r, head + 1, len - sizeof(*head));
	return body_decode(q, &r, &shapes[q->opcode]);
}

bool fuse_is_answered(uint32_t opcode)
{
	return opcode != FUSE_FORGET && opcode != FUSE_BATCH_FORGET && opcode != FUSE_INTERRUPT &&
	       opcode != FUSE_NOTIFY_REPLY;
}

int fuse_agree(struct fuse_init_out *out, const struct fuse_request *q,
	       const struct fuse_terms *terms)
{
	const struct fuse_init_in *in = q->init;
	uint64_t flags = in->flags;

	*out = (struct fuse_init_out){ .major = FUSE_KERNEL_VERSION,
				       .minor = FUSE_KERNEL_MINOR_VERSION };
	if (in->major > FUSE_KERNEL_VERSION)
		return 0;
	if (in->major < FUSE_KERNEL_VERSION || in->minor < FUSE_MINOR_MIN)
		return -EPROTONOSUPPORT;
	if (flags & FUSE_INIT_EXT && q->size >= sizeof(in->flags2))
		flags |= (uint64_t)in->flags2 << 32;
	flags &= terms->flags | FUSE_INIT_EXT;
	if (in->minor < out->minor)
		out->minor = in->minor;
	out->max_readahead = in->max_readahead < terms->io_max ? in->max_readahead : terms->io_max;
	out->flags = (uint32_t)flags;
	out->flags2 = (uint32_t)(flags >> 32);
	out->max_background = terms->background;
	out->congestion_threshold = (uint16_t)(terms->background / 4 * 3);
	out->max_write = terms->io_max;
	out->time_gran = 1;
	out->max_pages = (uint16_t)((terms->io_max + terms->page - 1) / terms->page);
	return 0;
}

/* What follows a fixed part: a name, and zeros up to the next multiple of 8. */
static size_t put_name(uint8_t *at, size_t used, const char *name, size_t len)
{
	size_t size = FUSE_REC_ALIGN(used + len);

	memcpy(at + used, name, len);
	memset(at + used + len, 0, size - used - len);
	return size;
}

size_t fuse_put_dirent(uint8_t *at, size_t room, const struct fuse_dirent *d, const char *name)
{
	if (room < FUSE_DIRENT_SIZE(d))
		return 0;
	memcpy(at, d, DIRENT_SIZE);
	return put_name(at, DIRENT_SIZE, name, d->namelen);
}

size_t fuse_put_direntplus(uint8_t *at, size_t room, const struct fuse_direntplus *d,
			   const char *name)
{
	if (room < FUSE_DIRENTPLUS_SIZE(d))
		return 0;
	memcpy(at, d, DIRENTPLUS_SIZE);
	return put_name(at, DIRENTPLUS_SIZE, name, d->dirent.namelen);
}
