/* fuse_wire.h: the messages of /dev/fuse, taken apart and put together.
 *
 * Pure: no system calls, no allocation. The kernel's words are in its own order of
 * bytes and laid out as <linux/fuse.h> has them; a request is taken apart in place.
 * Private to p9fs.
 *
 * Sources: fuse(4), the kernel's Documentation/filesystems/fuse.rst, <linux/fuse.h>.
 */
#ifndef LANDBRIDGE_P9FS_FUSE_WIRE_H
#define LANDBRIDGE_P9FS_FUSE_WIRE_H

#include <linux/fuse.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	FUSE_MINOR_MIN = 31, /* 7.31, Linux 5.4 */
	FUSE_OPCODES = FUSE_LSEEK + 1,
	/* What of a request is not its data, at most: three headers and two names. */
	FUSE_ROOM = 4096,
};

/* One request. What it points at lies in the bytes it was taken from. */
struct fuse_request {
	uint32_t opcode;
	uint32_t pid;    /* the thread that asks */
	uint64_t unique; /* to be answered with */
	uint64_t node;   /* what it is about */
	union {          /* by opcode; NULL where it has none */
		const void *arg;
		const struct fuse_init_in *init; /* flags2 and what follows may be missing */
		const struct fuse_forget_in *forget;
		const struct fuse_batch_forget_in *forgets;
		const struct fuse_setattr_in *setattr;
		const struct fuse_mknod_in *mknod;
		const struct fuse_mkdir_in *mkdir;
		const struct fuse_rename_in *rename;
		const struct fuse_rename2_in *rename2;
		const struct fuse_link_in *link;
		const struct fuse_open_in *open;
		const struct fuse_create_in *create;
		const struct fuse_read_in *read;
		const struct fuse_write_in *write;
		const struct fuse_release_in *release;
		const struct fuse_flush_in *flush;
		const struct fuse_fsync_in *fsync;
		const struct fuse_getxattr_in *getxattr;
		const struct fuse_setxattr_in *setxattr; /* size and flags only */
		const struct fuse_lk_in *lk;
		const struct fuse_access_in *access;
		const struct fuse_interrupt_in *interrupt;
		const struct fuse_lseek_in *lseek;
	};
	const char *name, *second; /* not empty; second: a rename's new name, a link's target */
	const uint8_t *data;       /* a write's, an attribute's value, struct fuse_forget_one[] */
	size_t size;               /* ... in bytes; exactly as many as the request says */
};

/* `bytes` is aligned to 8. 0; -EPROTO: that is no request; -ENOSYS: one that is not
 * known here; -EBADMSG: it is shorter or longer than its kind. After the last two
 * opcode and unique say what to answer. */
int fuse_decode(struct fuse_request *q, const void *bytes, size_t len);
/* Whether the kernel waits for an answer to such a request. */
bool fuse_is_answered(uint32_t opcode);

/* What we want of the kernel: FUSE_* of INIT, flags2 in the upper half; and the most
 * bytes of one read or write. */
struct fuse_terms {
	uint64_t flags;
	uint32_t io_max, page;
	uint16_t background;
};

/* The answer to INIT: of the terms those that the kernel offers.
 * 0; -EPROTONOSUPPORT: it is older than FUSE_MINOR_MIN. Of a later major version it
 * is told ours, and asks again. */
int fuse_agree(struct fuse_init_out *out, const struct fuse_request *q,
	       const struct fuse_terms *terms);

/* One entry of a READDIR's (READDIRPLUS's) answer, with d->namelen bytes of name. How
 * many bytes it took; 0: it does not fit. */
size_t fuse_put_dirent(uint8_t *at, size_t room, const struct fuse_dirent *d, const char *name);
size_t fuse_put_direntplus(uint8_t *at, size_t room, const struct fuse_direntplus *d,
			   const char *name);

#endif
