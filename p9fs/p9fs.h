/* p9fs.h: a 9P server's tree as a folder, through FUSE.
 *
 * Every request of the kernel becomes one 9P message, seldom more, and none
 * waits for another: the answer goes to the kernel when the server's reply
 * comes. The server is one that speaks 9P2000.W, as p9d does (p9d/p9d.h).
 * Nothing is cached unless asked for, so what the other side writes is seen at once.
 *
 * It speaks the kernel's protocol itself (7.31, Linux 5.4, and later; fuse(4)), so it is
 * as well a program's of a user of the host as /init's in the guest.
 *
 * Who asks for the attribute LANDBRIDGE_FENCE (lib/places.h) of anything here hears that
 * there is no data when all that the server knew of by then has been told to the kernel;
 * or that it is not supported, where the server tells of no changes.
 *
 * Who may do what is the server's to say: all requests run as one user there.
 */
#ifndef LANDBRIDGE_P9FS_H
#define LANDBRIDGE_P9FS_H

#include <stdbool.h>

struct p9fs_config {
	/* The server: a connected stream socket, which is p9fs's then, or negative errno.
	 * -ENODEV: there is none and will be none, which ends the mount. */
	int (*connect)(void *owner);
	void *owner;
	const char *user;   /* whose requests they are there; NULL: the server's default */
	const char *attach; /* which of its trees (Tattach's aname); NULL: "/" */

	const struct p9fs_way *way;
	const char *dir;  /* where; an absolute path */
	const char *name; /* what mount(8) shows as its source */
	const char *type; /* ... and as its type: "fuse.X" */
	double cache;     /* seconds for which names and attributes may be old */
	bool watch;       /* ... but for ever where the server tells of changes */
	/* The kernel keeps locks for itself: of open(2) and close(2) nobody is told then,
	 * which makes small files as fast as on a disk. Needs `watch`. */
	bool guest_locks;
	bool read_only;
	/* For how many seconds operations wait for a server that went, and is called
	 * again and again; 0: the mount ends then. Needs `guest_locks`, which leaves
	 * nothing with the server that could not be had anew. */
	unsigned patience;
	bool stays; /* TERM, INT and HUP do not end it: it is a daemon's */
	/* All files are shown as this process's user's own, whoever they are of there, and
	 * none is given away: for a mount in a user namespace that has no other users. */
	bool own;
	/* What is put before the targets of absolute symbolic links, so that they stay in
	 * the tree: where the mount is; NULL: nothing. */
	const char *links;
	/* Of p9fs_as_given only: the descriptor, which is p9fs's then. */
	int given;
	/* Of p9fs_as_root only: MS_* of mount(2); whether users but root are let in. */
	unsigned long flags;
	bool allow_other;
};

/* How it is mounted: with fusermount3(1), as any user may, for that user alone, without
 * devices and set-uid programs; or with mount(2), which is root's, and then the kernel
 * holds each file's owner and mode against whoever asks (default_permissions). */
extern const struct p9fs_way p9fs_as_user, p9fs_as_root;

/* Or by somebody else, who gives the descriptor of /dev/fuse and unmounts, with this for
 * max_read (fuse(4)). */
enum { P9FS_GIVEN_READ = 128 * 1024 };
extern const struct p9fs_way p9fs_as_given;

struct p9fs;

/* Connects and mounts. The configuration's texts must outlive the mount. 0, or
 * negative errno with *step, a phrase that says what could not be done. */
int p9fs_open(struct p9fs **mount, const struct p9fs_config *config, const char **step);
/* Serves until it is unmounted, the server goes, or, unless it stays, TERM, INT or HUP
 * comes.
 * 0: unmounted or told to stop; negative errno: the connection failed. */
int p9fs_serve(struct p9fs *mount);
/* Unmounts what is still mounted and frees all. */
void p9fs_close(struct p9fs *mount);

#endif
