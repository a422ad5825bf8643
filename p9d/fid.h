/* fid.h: the numbers by which a client knows its files.
 *
 * A fid is reached under a short lock and then held by a reference, so that
 * it outlives its Tclunk as long as another thread works with it. What a fid
 * stands for never changes to another file: requests that do that in the
 * protocol (Twalk onto itself, Tlcreate) put a new object in its place.
 */
#ifndef LANDBRIDGE_P9D_FID_H
#define LANDBRIDGE_P9D_FID_H

#include <pthread.h>
#include <stdatomic.h>

#include "p9d/filetree.h"

/* One Tattach: all fids that come from it share it. */
struct attach {
	uint64_t id; /* never used twice in a process */
	struct user user;
	struct tree_file top;
	unsigned refs; /* under the table's lock */
};

enum fid_state { FID_PATH, FID_OPEN, FID_XATTR_READ, FID_XATTR_WRITE };

struct fid {
	uint32_t number;
	unsigned refs; /* under the table's lock, as are next and hooked */
	struct fid *next;
	bool hooked;
	_Atomic uint8_t state; /* enum fid_state; set after what belongs to it */
	uint32_t open_flags;
	uint8_t charged; /* descriptors that are counted in the table's `held` */
	struct attach *attach;
	struct tree_file file;
	struct xattr *xattr;
	pthread_mutex_t busy; /* held by what must not run twice: open, readdir, xattrs */
};

/* The descriptors of a process, of which each connection may have as many as it
 * leaves to all the others together. */
struct fid_share {
	unsigned total;
	atomic_uint used;
};

struct fid_table {
	pthread_mutex_t lock;
	struct filetree *tree;
	struct fid **buckets;
	uint32_t bucket_count; /* a power of two */
	uint32_t count;
	uint32_t limit;
	uint32_t xattr_count;
	struct fid_share *share; /* NULL: no limit but `limit` */
	unsigned held;           /* descriptors, of its share */
	atomic_uint era;         /* how often it was cleared */
	struct fid *spare;
	struct fid_chunk *chunks;
};

int fids_init(struct fid_table *table, struct filetree *tree, uint32_t limit);
/* Every fid must be released by then. */
void fids_fini(struct fid_table *table);
/* Takes all fids out: what nobody holds is closed. */
void fids_clear(struct fid_table *table);

/* The fid of this number, held, or NULL. */
struct fid *fid_get(struct fid_table *table, uint32_t number);
/* A fid without a number yet, held; it has a hold on `attach`. NULL: limit. */
struct fid *fid_new(struct fid_table *table, struct attach *attach);
/* Gives it its number. -EBADF: in use, unless by `replaces`, which goes; or
 * the table was cleared since `era`. */
int fid_hook(struct fid_table *table, struct fid *fid, uint32_t number, struct fid *replaces,
	     unsigned era);
/* Takes the number away. False: another thread has done so. */
bool fid_unhook(struct fid_table *table, struct fid *fid);
/* Counts the descriptors that it has by now. */
void fid_charge(struct fid_table *table, struct fid *fid);
/* Whether the connection may have one descriptor more. */
bool fids_may_grow(struct fid_table *table);
/* `change` more, or less, for something that is not a fid. */
void fids_hold(struct fid_table *table, int change);
bool fid_is_hooked(struct fid_table *table, const struct fid *fid);
/* Lets go. The last one closes the file and returns the error of that. */
int fid_put(struct fid_table *table, struct fid *fid);

void attach_put(struct fid_table *table, struct attach *attach);
/* Whether another fid with a number has this file open. */
bool fid_others_open(struct fid_table *table, const struct fid *fid);

#endif
