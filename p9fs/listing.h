/* listing.h: directories that the server has told whole, and answers out of them.
 *
 * Over a link a round trip costs more than the work. So when a directory of which the
 * server tells changes (promise.h) is asked about for the second time, all of it is
 * fetched (Twlist): names, attributes, and, where small files are being read, their
 * bytes. From then on it answers what the kernel asks about files in it, and that a
 * name is not there, until that is changed: by others who are heard of (change in
 * promise.c), or by us (op_changes), before and afterwards. Then a name is spoilt, or
 * whatever is told of a file, by its id: it may have another name than that by which it
 * was changed. What is spoilt, and all that is not a promise, the server is asked as ever.
 *
 * Only a head start: the kernel keeps what it was told. The oldest go when there are
 * too many, and all when nothing happens. Private to p9fs.
 */
#ifndef LANDBRIDGE_P9FS_LISTING_H
#define LANDBRIDGE_P9FS_LISTING_H

#include "p9fs/remote.h"

enum {
	LISTING_SMALL = 32 * 1024,          /* most bytes of a file that come along */
	LISTING_BYTES = 512 * 1024,         /* of a listing, after which no more of them do */
	LISTING_MAX = 2 * 1024 * 1024,      /* of one: larger ones are not kept */
	LISTINGS_MAX = 4 * 1024 * 1024,     /* of all */
	LISTING_SPOILT = 1024,              /* names that were changed since */
	LISTING_MARKS = LISTING_SPOILT * 8, /* by which they are known; they may coincide */
	LISTING_STAMPS = 2048,              /* of files, likewise */
	LISTING_MISSED = 16,                /* files asked for that were changed since */
};

struct inode;
struct op;
struct p9fs;

typedef void op_step(struct op *op);

/* What an operation has of a directory that it waits for. */
struct awaiting {
	struct listing *listing;
	struct op *next; /* that waits for it too */
	op_step *then;
};

struct listing {
	struct remote_call call;
	struct p9fs *mount;
	struct inode *dir; /* pinned while it is being fetched */
	bool whole;        /* it is all here */
	bool dropped;      /* ... and is not to be used when it is */
	bool with_bytes;
	uint8_t *entries; /* of Rwlist, one behind the other */
	size_t used, size;
	uint64_t next;   /* the offset that comes next */
	uint32_t count;  /* entries */
	uint32_t *slots; /* by name: where in `entries`, plus one; a power of two of them */
	uint32_t slot_count;
	size_t at; /* where the last answer began */
	uint8_t marks[LISTING_MARKS / 8];
	unsigned spoilt, missed;
	uint32_t begun;     /* listings.clock then */
	struct op *waiting; /* in the order in which they came */
	struct listing *newer, *older;
};

struct listings {
	struct listing *newest, *oldest; /* those that are whole */
	size_t total;
	bool read;                       /* small files are being read: fetch their bytes, too */
	unsigned unread;                 /* so many came with bytes, and nobody has read one */
	uint32_t clock;                  /* changes */
	uint32_t stamps[LISTING_STAMPS]; /* by id: the last one of a file */
};

enum listed {
	LISTED_UNKNOWN, /* ask the server */
	LISTED,
	LISTED_NOT, /* there is no such name */
};

/* The next step, now or when the directory has been fetched for it; it asks
 * listing_name and the like, which may know nothing. `offset`: for the list of names
 * from there on. */
void op_listed(struct op *op, op_step *next);
void op_listed_names(struct op *op, uint64_t offset, op_step *next);
void op_listed_bytes(struct op *op, op_step *next);
/* An operation that waits for that ends now, with this errno. False: it does not wait. */
bool op_unlist(struct op *op, int error);

/* What of the name is known, and whether all about it is a promise. */
enum listed listing_name(const struct p9fs *m, struct inode *dir, const char *name,
			 struct p9_listed *listed);
/* The same of a file, where the kernel knows it from. False: unknown. */
bool listing_inode(const struct p9fs *m, const struct inode *inode, struct p9_listed *listed);
/* ... that may come with its bytes. */
bool listing_bytes(struct p9fs *m, const struct inode *inode, struct p9_listed *listed);
/* The entries from an offset on: bytes, and where they begin; NULL: unknown. And whether
 * all about one of them is a promise. */
const uint8_t *listing_from(const struct inode *dir, uint64_t offset, size_t *len);
bool listing_is_sure(const struct p9fs *m, const struct inode *dir, struct p9_qid qid);

/* Somebody has changed what the name means; the attributes or bytes of a file. */
void listing_spoil(struct inode *dir, const char *name);
void listing_spoil_file(struct p9fs *m, uint64_t id);
/* The operation changes what it is about: its inodes, and its names in them. Told
 * before it is sent, and by op_free. */
void op_changes(struct op *op);
void op_changed(struct op *op);

void listing_drop(struct inode *dir);
void listings_drop(struct p9fs *m);

#endif
