/* inode.h: the files that the kernel knows of, and the fids that stand for
 * them. Private to p9fs. No system calls.
 *
 * An inode lives while the kernel knows it (lookups), somebody uses it (pins:
 * requests under way, open handles), or a child's way leads through it. Its
 * fid is only a short cut: the server has a limit on fids and the kernel none
 * on inodes, so of those nobody uses the oldest give up theirs, and get a new
 * one by walking from the nearest ancestor that has one.
 */
#ifndef LANDBRIDGE_P9FS_INODE_H
#define LANDBRIDGE_P9FS_INODE_H

#include <stdbool.h>
#include <stdint.h>

#include "p9d/wire/wire.h"

enum { INODE_FIDS = 16384, INODE_DEPTH = 4096 };

struct handle;
struct listing;

struct inode {
	uint64_t id;      /* the file's qid.path */
	uint64_t lookups; /* how often the kernel was told of it */
	unsigned pins;
	uint32_t fid;         /* P9_NOFID: walk there again */
	struct inode *parent; /* where it was seen last; NULL: the root */
	char *name;
	struct handle *handles;  /* open ones */
	uint64_t size;           /* as the kernel was told last */
	uint32_t type;           /* S_IF*, likewise; 0: it was not */
	bool locked;             /* somebody here has had a lock on it */
	bool locked_in;          /* ... or on a file that is seen in it */
	bool kept;               /* the server tells of changes, and it is where it was seen */
	uint32_t version;        /* of what the kernel was told; 0: it is kept, or new */
	uint64_t heard;          /* the last change that was told of it (promise.h) */
	unsigned changing;       /* operations of ours that change it */
	struct listing *listing; /* of a directory (listing.h), or NULL */
	unsigned looks, reads;   /* questions about files in it; until it has one */
	bool unlisted;           /* it is not to have one */
	struct inode *chain;     /* in its bucket */
	bool named;              /* found by parent and name */
	struct inode *by_name;   /* in that bucket */
	struct inode *newer, *older;
};

struct inodes {
	struct inode root; /* fid 0; not found by its id: bound below itself, it is another */
	struct inode **buckets, **names; /* by id; by parent and name */
	uint32_t bucket_count, count;    /* buckets: a power of two */
	struct inode *newest, *oldest;   /* with a fid */
	unsigned with_fid, limit;
	/* A fid that is not needed any more. */
	void (*drop)(struct inodes *inodes, uint32_t fid);
};

/* limit: how many may keep a fid that nobody uses. 0 or -ENOMEM. */
int inodes_init(struct inodes *inodes, uint64_t root_id, unsigned limit,
		void (*drop)(struct inodes *inodes, uint32_t fid));
/* Forgets all; drops no fids. No pin must be left but handles' and children's. */
void inodes_fini(struct inodes *inodes);

/* The kernel is told that `name` in parent is the file `id`: one more lookup.
 * fid stands for it (P9_NOFID: none is there); one too many is dropped. NULL:
 * no memory, and the fid is dropped. */
struct inode *inode_see(struct inodes *inodes, struct inode *parent, const char *name, uint64_t id,
			uint32_t fid);
/* It is told of the file, by a name that is not the file's. NULL: no memory. */
struct inode *inode_see_unnamed(struct inodes *inodes, uint64_t id);
/* The file of this id, or that was seen last as `name` in parent; NULL: the kernel
 * knows none. */
struct inode *inode_find(const struct inodes *inodes, uint64_t id);
struct inode *inode_child(struct inodes *inodes, const struct inode *parent, const char *name);
/* Another that was seen as that name before, and nowhere else since; NULL: none is left. */
struct inode *inode_child_before(const struct inode *child);
/* It is not there any more; or is elsewhere now: 0, or -ENOMEM and it is not found. */
void inode_unname(struct inodes *inodes, struct inode *inode);
int inode_move(struct inodes *inodes, struct inode *inode, struct inode *parent, const char *name);
/* The server is gone, and with it all fids but the root's. */
void inodes_lose_fids(struct inodes *inodes);
/* Calls `visit` with each but the root, in no order. */
void inodes_each(struct inodes *inodes, void (*visit)(struct inode *inode, void *arg), void *arg);
/* Gives it a fid that was walked to; dropped when it has one. */
void inode_set_fid(struct inodes *inodes, struct inode *inode, uint32_t fid);
/* It is used now: the last to give up its fid. */
void inode_touch(struct inodes *inodes, struct inode *inode);

void inode_pin(struct inode *inode);
void inode_unpin(struct inodes *inodes, struct inode *inode);
void inode_forget(struct inodes *inodes, struct inode *inode, uint64_t lookups);

/* The way to an inode without a fid: from `start`, which has one, by `count`
 * names to `end`, which is the inode, or lies on the way to it if that is
 * further than one walk goes. -ESTALE: nobody knows the way. */
struct route {
	struct inode *start, *end;
	unsigned count;
	const char *names[P9_NAMES_MAX];
};
int inode_route(struct inode *inode, struct route *route);

#endif
