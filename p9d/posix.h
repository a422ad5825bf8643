/* posix.h: a file tree over the system calls of Linux.
 *
 * A file is an O_PATH descriptor (open(2)): renaming an ancestor or unlinking
 * the file changes nothing for its holder, and nothing is opened that is not
 * a regular file or a directory. Symbolic links are never followed. Drives of
 * the host mounted below the root (9p, virtiofs) answer EACCES, so that a host
 * never waits for itself. Needs /proc.
 */
#ifndef LANDBRIDGE_P9D_POSIX_H
#define LANDBRIDGE_P9D_POSIX_H

#include <stdatomic.h>

#include "p9d/changes.h"
#include "p9d/filetree.h"
#include "p9d/posix_mounts.h"

struct posix_tree {
	struct filetree tree;
	int root;    /* O_PATH */
	int proc_fd; /* /proc/self/fd */
	dev_t root_dev;
	struct posix_mounts mounts;
	bool switching;          /* threads change users: see user_become_thread */
	struct changes *changes; /* the caller's; NULL: nothing is told */
	atomic_bool watching;    /* somebody has asked */
	/* What is served is the host's, to a guest. What is mounted below is part of it,
	 * as it is for the host's programs, but for what the kernel makes up (/proc and
	 * its like): EACCES. */
	bool is_drive;
};

/* root: a path; 0, or -ENOTDIR, -ENOENT, ...; -ENOSYS when /proc is missing. */
int posix_tree_init(struct posix_tree *tree, const char *root);
/* After fork(2): /proc/self is another directory then. */
int posix_tree_forked(struct posix_tree *tree);
void posix_tree_fini(struct posix_tree *tree);

#endif
