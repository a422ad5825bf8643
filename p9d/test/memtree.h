/* memtree.h: a file tree in memory, for fuzzing sessions: it keeps count of
 * every handle it gave out, and has no access checks. */
#ifndef LANDBRIDGE_P9D_TEST_MEMTREE_H
#define LANDBRIDGE_P9D_TEST_MEMTREE_H

#include "p9d/filetree.h"

#define MEMTREE_NODES 48
#define MEMTREE_DATA 128

struct memtree_node {
	bool used;
	uint8_t type; /* enum tree_type */
	int parent;   /* -1: unlinked, or the root */
	unsigned held;
	uint32_t mode;
	size_t size;
	char name[P9_NAME_MAX + 1];
	uint8_t data[MEMTREE_DATA];
	size_t xattr_size; /* one attribute, "user.x", which a drive's metadata is, too */
	uint8_t xattr[MEMTREE_DATA];
};

struct memtree {
	struct filetree tree;
	unsigned held;   /* handles of all files */
	unsigned owners; /* of locks */
	struct memtree_node nodes[MEMTREE_NODES];
};

/* A root with d/, d/f, f, a link "l" and a pipe "p". */
void memtree_init(struct memtree *tree);

#endif
