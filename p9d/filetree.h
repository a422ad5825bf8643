/* filetree.h: the file tree that a session serves, as a table of operations.
 *
 * A session (protocol.h) speaks the protocol; a tree knows files. The POSIX
 * tree is in posix.h; tests have one in memory; a Windows one can be added.
 * All operations return 0 (or a count) or a negative Linux errno number, run
 * as the user of the calling thread, may block, and may be called by several
 * threads at once, but never twice at once for the same open directory.
 * Names are single components, checked by the session: not empty, no '/', no
 * NUL inside, not "." or "..", at most 255 bytes, NUL-terminated.
 */
#ifndef LANDBRIDGE_P9D_FILETREE_H
#define LANDBRIDGE_P9D_FILETREE_H

#include <sys/types.h>

#include "p9d/node.h"

struct filetree;

struct tree_ops {
	/* The directory that `path`, below the tree's root, names. */
	int (*attach)(struct filetree *tree, const char *path, struct tree_file *out);
	int (*walk)(struct filetree *tree, const struct tree_file *dir, const char *name,
		    struct tree_file *out);
	/* The directory above, or dir itself again where dir is `top`. */
	int (*walk_up)(struct filetree *tree, const struct tree_file *dir,
		       const struct tree_file *top, struct tree_file *out);
	/* Before something is done by name in dir: -ESTALE when it has been moved out of
	 * `top` by somebody else, and is none of the client's business any more. NULL:
	 * that is not looked at. */
	int (*inside)(struct filetree *tree, const struct tree_file *dir,
		      const struct tree_file *top);
	/* A second, unopened hold on the same file. */
	int (*clone)(struct filetree *tree, const struct tree_file *file, struct tree_file *out);
	int (*close)(struct filetree *tree, struct tree_file *file);

	/* mask: P9_ATTR_*. */
	int (*getattr)(struct filetree *tree, const struct tree_file *file, uint64_t mask,
		       struct p9_qid *qid, struct p9_attr *attr);
	/* valid: P9_SET_*. */
	int (*setattr)(struct filetree *tree, const struct tree_file *file, uint32_t valid,
		       const struct p9_attr *attr);
	int (*statfs)(struct filetree *tree, const struct tree_file *file, struct p9_statfs *out);
	/* bits: P9_ACCESS_*. Deleting is a question about the directory, which
	 * is not looked for outside of `top`. */
	int (*access)(struct filetree *tree, const struct tree_file *file,
		      const struct tree_file *top, uint32_t bits);
	ssize_t (*readlink)(struct filetree *tree, const struct tree_file *file, char *buf,
			    size_t size);

	int (*open)(struct filetree *tree, struct tree_file *file, uint32_t flags);
	/* Opens or makes dir/name; *created says which. */
	int (*create)(struct filetree *tree, const struct tree_file *dir, const char *name,
		      const struct tree_create *how, struct tree_file *out);
	ssize_t (*read)(struct filetree *tree, const struct tree_file *file, void *buf,
			size_t count, uint64_t offset);
	/* Like read, into a pipe without copying (splice(2)). NULL, or -EINVAL:
	 * not for this file. */
	ssize_t (*splice)(struct filetree *tree, const struct tree_file *file, int pipe,
			  size_t count, uint64_t offset);
	ssize_t (*write)(struct filetree *tree, const struct tree_file *file, const void *buf,
			 size_t count, uint64_t offset);
	/* Moves *offset on to where data, or a hole, begins next: lseek(2). */
	int (*seek)(struct filetree *tree, const struct tree_file *file, uint64_t *offset,
		    bool hole);
	int (*sync)(struct filetree *tree, const struct tree_file *file, bool data_only);
	/* Reads from `offset` (a cookie, or 0) until the listing is full or the
	 * directory ends. -EINVAL: not even one entry fitted. */
	int (*readdir)(struct filetree *tree, struct tree_file *dir, uint64_t offset,
		       struct tree_listing *listing);
	/* Attributes of dir/name; name "." is dir itself. */
	int (*lookup)(struct filetree *tree, const struct tree_file *dir, const char *name,
		      struct p9_qid *qid, struct p9_attr *attr);

	int (*mkdir)(struct filetree *tree, const struct tree_file *dir, const char *name,
		     const struct tree_create *how);
	int (*mknod)(struct filetree *tree, const struct tree_file *dir, const char *name,
		     const struct tree_create *how);
	int (*symlink)(struct filetree *tree, const struct tree_file *dir, const char *name,
		       const char *target, const struct tree_create *how);
	int (*link)(struct filetree *tree, const struct tree_file *file,
		    const struct tree_file *dir, const char *name);
	int (*unlink)(struct filetree *tree, const struct tree_file *dir, const char *name,
		      bool is_dir);
	/* -EINVAL: the file system knows no such flags. */
	int (*rename)(struct filetree *tree, const struct tree_rename *how);
	/* The directory and name that a file has now, for requests that give
	 * neither. *dir is closed by the caller. `top`: not outside of this. */
	int (*locate)(struct filetree *tree, const struct tree_file *file,
		      const struct tree_file *top, struct tree_file *dir,
		      char name[P9_NAME_MAX + 1]);

	/* Like getxattr(2), listxattr(2) (name NULL) with size 0 as probe. */
	ssize_t (*getxattr)(struct filetree *tree, const struct tree_file *file, const char *name,
			    void *buf, size_t size);
	int (*setxattr)(struct filetree *tree, const struct tree_file *file,
			const struct xattr *xattr);
	int (*removexattr)(struct filetree *tree, const struct tree_file *file, const char *name);

	/* A lock owner's own handle on an open file, for read locks or, with
	 * `write`, for both kinds, or -EBADF: the user has no right to that.
	 * Closing it drops its locks. */
	int (*lock_open)(struct filetree *tree, const struct tree_file *file, bool write);
	void (*lock_close)(struct filetree *tree, int owner);
	/* Does not wait. -EAGAIN: somebody else holds it. */
	int (*lock)(struct filetree *tree, int owner, const struct tree_lock *lock);
	/* What `from` holds, read locks only, `to` holds as well then. */
	int (*lock_copy)(struct filetree *tree, int from, int to);
	/* Whether the owner may hold any lock still. */
	bool (*lock_held)(struct filetree *tree, int owner);
	/* Fills *lock with what is in the way; type P9_LOCK_NONE: nothing. */
	int (*lock_test)(struct filetree *tree, int owner, struct tree_lock *lock);

	/* From here on qids are promises (Rwwatch, p9d/wire/wire.h) where the tree
	 * keeps them: a descriptor that is readable when there are changes, or
	 * -EOPNOTSUPP, which NULL means too. The first of a tree's sessions has them
	 * for itself: -EBUSY. */
	int (*watch)(struct filetree *tree);
	/* What others have changed since, as p9_change entries, by any thread. `size`
	 * is at least CHANGES_MIN (changes.h). Returns bytes, 0: nothing. */
	size_t (*changes)(struct filetree *tree, void *buf, size_t size);

	/* Makes the calling thread act as `user` from here on. */
	int (*become)(struct filetree *tree, const struct user *user);
};

struct filetree {
	const struct tree_ops *ops;
	bool folds;    /* names are found by others that differ in case (owners.h): that one
			* is not there is then no promise */
	void *wrapper; /* whose operations these are, where it is wrapped: owners.h */
};

#endif
