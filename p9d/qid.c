/* qid.c: what every file tree needs: qids. */
#include "p9d/filetree.h"

#define INO_BITS 32
#define MINOR_BITS 20

static uint64_t mix(uint64_t v)
{
	v ^= v >> 33;
	v *= 0xff51afd7ed558ccdu;
	v ^= v >> 33;
	v *= 0xc4ceb9fe1a85ec53u;
	return v ^ v >> 33;
}

/* Inode numbers repeat from one file system to the next, and a client takes
 * two files with one path for the same. The usual small inode number keeps its
 * value beside the device's; the top bit marks the rest, which are hashed. */
uint64_t tree_qid_path(uint64_t dev, uint64_t ino)
{
	if (dev >> (INO_BITS - 1) == 0 && ino >> INO_BITS == 0)
		return dev << INO_BITS | ino;
	return mix(mix(dev) ^ ino) | 1ull << 63;
}

struct p9_qid tree_qid(const struct tree_file *file)
{
	struct p9_qid qid = {
		.version = file->version,
		.path = tree_qid_path(file->dev, file->ino),
	};

	if (file->type == TREE_DIR)
		qid.type = P9_QTDIR;
	else if (file->type == TREE_LINK)
		qid.type = P9_QTSYMLINK;
	if (file->kept)
		qid.type |= P9_QTKEPT;
	return qid;
}
