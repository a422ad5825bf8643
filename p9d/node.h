/* node.h: what a file tree (filetree.h) and its users pass each other. */
#ifndef LANDBRIDGE_P9D_NODE_H
#define LANDBRIDGE_P9D_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "p9d/user.h"
#include "p9d/wire/wire.h"

enum tree_type { TREE_FILE, TREE_DIR, TREE_LINK, TREE_OTHER };

/* One file, held so that renaming and unlinking cannot take it away. The
 * numbers in path and data are the backend's (POSIX: descriptors). */
struct tree_file {
	int path;       /* the file as such, no right to its contents; -1: use data */
	int data;       /* opened contents; -1: not opened */
	uint8_t type;   /* enum tree_type */
	bool synthetic; /* /proc and its like: sizes and times mean nothing */
	uint64_t dev;
	uint64_t ino;
	uint32_t version; /* for its qid, as it was when the file was reached */
	uint64_t cookie;  /* an open directory's place */
};
#define TREE_FILE_NONE ((struct tree_file){ .path = -1, .data = -1 })

struct tree_entry {
	struct p9_qid qid;
	uint64_t cookie; /* where the next entry starts */
	uint8_t type;    /* DT_* */
	const char *name;
};

/* What readdir fills. `add` says false when the entry does not fit: reading
 * stops and the entry is not lost. `room` is working memory. */
struct tree_listing {
	bool (*add)(struct tree_listing *listing, const struct tree_entry *entry);
	void *room;
	size_t room_size;
};

struct tree_create {
	uint32_t flags; /* P9_O_* */
	uint32_t mode;  /* permission bits, and the file type for mknod */
	uint32_t gid;   /* wished for */
	uint32_t major;
	uint32_t minor;
	const struct user *user;
};

struct tree_rename {
	const struct tree_file *from, *to; /* directories */
	const char *name, *new_name;
	uint32_t flags; /* P9_RENAME_* */
};

/* An extended attribute's value, read, or collected to be set. */
struct xattr {
	uint32_t flags; /* as in setxattr(2) */
	size_t size;
	size_t written; /* from its beginning */
	char name[P9_NAME_MAX + 1];
	char value[];
};

struct tree_lock {
	uint8_t type; /* enum p9_lock_type */
	uint64_t start;
	uint64_t length; /* 0: to the end */
	bool flock;      /* of the whole file, as flock(2) has them; the range means nothing */
};

struct p9_qid tree_qid(const struct tree_file *file);
/* One number for two: devices and inodes of one machine, see qid.c. */
uint64_t tree_qid_path(uint64_t dev, uint64_t ino);

#endif
